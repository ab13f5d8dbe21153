import HTTPTypes
import Hummingbird
import Logging
import Pipeline

/// Turns what went wrong into the answer that the contract has for it, and knows which methods an address answers to.
struct ErrorEnvelope<Context: RequestContext>: RouterMiddleware {
    let routes: RouteTable

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let failure as BodyReader.ReadFailure {
            // The server answers bad HTTP itself, and closes the connection.
            throw failure.underlying
        } catch {
            let response = refusal(for: error, request, context.logger).response
            return request.method == .head ? response.createHeadResponse() : response
        }
    }

    private func refusal(for error: any Error, _ request: Request, _ logger: Logger) -> Refusal {
        switch error {
        case let refusal as Refusal:
            return refusal
        case let error as StoreError:
            let refusal = Refusal.storage(error)
            if case .unavailable = refusal { logger.warning("Storage failed", metadata: ["error": "\(error)"]) }
            return refusal
        case let error as IntakeError:
            if case .unavailable(let reason) = error {
                logger.warning("Storage failed", metadata: ["error": "\(reason)"])
            }
            return .intake(error)
        case let error as HTTPError where error.status == .notFound:
            let allowed = routes.methods(at: request.uri.path)
            return allowed.isEmpty ? .notFound("There is nothing at this address.") : .methodNotAllowed(allowed)
        case is CancellationError:
            return .unavailable("The server is shutting down.", retryAfter: 5)
        default:
            logger.error(
                "Request failed",
                metadata: ["method": "\(request.method)", "path": "\(request.uri.path)", "error": "\(error)"]
            )
            return .failed
        }
    }
}
