import HTTPTypes
import Hummingbird
import Pipeline

/// Why a request is not done, and what the client gets to hear of it: nothing internal.
enum Refusal: Error, Sendable {
    /// 400: fields that are missing or wrong.
    case fields(FieldErrors)
    /// 409: what was asked for collides with what is there.
    case conflict(FieldErrors)
    case busy(String)
    case malformed(JSONError)
    case badRequest(String)
    case forbidden(String)
    case notFound(String)
    case methodNotAllowed([HTTPRequest.Method])
    case bodyTooLarge(limit: Int)
    /// 413: a bulk whose messages, each with its attributes, are more than so many bytes.
    case bulkTooLarge(limit: Int)
    /// 406: a bulk that is not taken, in an envelope of its own that existing clients know.
    case bulk(String)
    case unsupportedMediaType
    /// 503: worth another try after so many seconds.
    case unavailable(String, retryAfter: Int)
    case failed

    static func field(_ name: String, _ message: String) -> Refusal { .fields(FieldErrors(name, message)) }

    /// What an error of the storage means for a client, whose request may not have been at fault at all.
    static func storage(_ error: StoreError) -> Refusal {
        switch error {
        case .taken: .busy("The name or target is already taken.")
        case .inUse: .busy("The topic still has publishers.")
        case .hasScheduled: .busy("The topic still has scheduled messages: delete them, or wait until they are sent.")
        case .builtIn: .busy("The topic is built in: it can be neither changed nor deleted.")
        case .unknownTopic: .field("topic", FieldErrors.invalid)
        case .unavailable, .unusable: .unavailable("The storage is not available at the moment.", retryAfter: 1)
        case .outcomeUnknown:
            .unavailable("The storage went away: the request may or may not have been done.", retryAfter: 1)
        }
    }

    static func intake(_ error: IntakeError) -> Refusal {
        switch error {
        case .unknownTopic: .field("topic", FieldErrors.invalid)
        case .overloaded: .unavailable("Too many messages are waiting to be stored.", retryAfter: 1)
        case .unavailable(let reason): .storage(reason)
        case .closed: .unavailable("The server is shutting down.", retryAfter: 5)
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .fields, .malformed, .badRequest: .badRequest
        case .conflict, .busy: .conflict
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .bodyTooLarge, .bulkTooLarge: .contentTooLarge
        case .bulk: .notAcceptable
        case .unsupportedMediaType: .unsupportedMediaType
        case .unavailable: .serviceUnavailable
        case .failed: .internalServerError
        }
    }

    /// The sentence of the general envelope; nil for errors by field.
    var detail: String? {
        switch self {
        case .fields, .conflict, .bulk: nil
        case .busy(let sentence), .badRequest(let sentence), .forbidden(let sentence), .notFound(let sentence),
            .unavailable(let sentence, _):
            sentence
        case .malformed(.notAnObject): "The body must be a JSON object."
        case .malformed(let error): "The body is not valid JSON: \(error)."
        case .methodNotAllowed: "This address does not answer to that method."
        case .bodyTooLarge(let limit): "The body is larger than the \(limit) bytes that are allowed."
        case .bulkTooLarge(let limit):
            "The messages, each with its attributes, are larger than the \(limit) bytes that a bulk may have."
        case .unsupportedMediaType: "The body must be application/json in UTF-8."
        case .failed: "Something went wrong on the server."
        }
    }

    var response: Response {
        let body = JSONWriter.document { json in
            switch self {
            case .fields(let errors), .conflict(let errors):
                json.member(
                    "data",
                    object: { json in
                        json.member(
                            "errors",
                            object: { json in
                                for (name, messages) in errors.fields {
                                    json.member(name, array: { for message in messages { $0.value(message) } })
                                }
                            }
                        )
                    }
                )
            case .bulk(let text):
                json.member("data", object: { $0.member("errors", text) })
            default:
                json.member("errors", object: { $0.member("detail", detail) })
            }
        }
        var response = Response.json(body, status: status)
        switch self {
        case .methodNotAllowed(let methods):
            response.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
        case .unavailable(_, let seconds):
            response.headers[.retryAfter] = String(seconds)
        default: break
        }
        return response
    }
}
