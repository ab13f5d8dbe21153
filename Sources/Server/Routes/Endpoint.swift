import HTTPTypes
import Hummingbird

/// One method of one address, and what answers to it.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (Request, Context) async throws -> Response

    var method: HTTPRequest.Method
    /// Segments that begin with a colon stand for anything.
    var path: String
    var handler: Handler

    init(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.handler = handler
    }
}

typealias Context = BasicRequestContext

extension BasicRequestContext {
    /// The id in the address. Something that is no id is the id of nothing.
    ///
    /// - Throws: `Refusal.notFound`.
    func id(of kind: String) throws -> Int64 {
        let text = parameters.get("id") ?? ""
        guard let id = Int64(text), String(id) == text else { throw Refusal.notFound("There is no such \(kind).") }
        return id
    }
}
