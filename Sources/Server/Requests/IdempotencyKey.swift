import HTTPTypes
import Hummingbird

/// A key that a client sends to be recognised when it sends the same again.
enum IdempotencyKey {
    private static let header = HTTPField.Name("Idempotency-Key")!

    /// Who sends one relies on it: better to be refused than not to be obeyed.
    ///
    /// - Throws: `Refusal.badRequest`.
    static func refuse(_ request: Request) throws {
        guard request.headers[header] == nil else {
            throw Refusal.badRequest("Idempotency-Key is not supported yet.")
        }
    }
}
