import Foundation
import Programs
import TestSupport

/// The reference implementation of Standard Webhooks, in Python, as `Scripts/set-up test` installs it.
enum ReferenceVerifier {
    private static let python: String? = {
        // Tests run in the package's folder, or in one within it.
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let python = folder.appendingPathComponent(".build/python/bin/python").path
            if FileManager.default.isExecutableFile(atPath: python) { return python }
        }
        return nil
    }()

    static var isInstalled: Bool { python != nil }

    private static let script = """
        import json, sys
        from standardwebhooks import Webhook, WebhookVerificationError
        case = json.load(sys.stdin)
        try:
            Webhook(case["secret"]).verify(case["body"], case["headers"])
            print("genuine")
        except WebhookVerificationError as error:
            print("refused:", error)
        """

    /// Whether a receiver that knows this secret believes the request.
    static func believes(_ arrival: Arrival, secret: String) async throws -> Bool {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        let headers = arrival.headers.filter { names.contains($0.key) }
        let json = try JSONSerialization.data(
            withJSONObject: ["secret": secret, "body": arrival.text, "headers": headers] as [String: Any]
        )
        let (_, lines) = try await ChildProcess.run([python ?? "", "-c", script], input: json)
        let answer = lines.joined(separator: "\n")
        guard answer == "genuine" || answer.hasPrefix("refused:") else { throw Problem.failed(answer) }
        return answer == "genuine"
    }

    enum Problem: Error {
        case failed(String)
    }
}
