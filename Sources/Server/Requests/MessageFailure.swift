/// What is wrong with the fields of a message, and the topic if that one may be right.
struct MessageFailure: Error {
    var errors = FieldErrors()
    var topic: String?

    /// All failing fields are told together, so a request that is refused anyway has its topic looked up as well.
    func completed(by office: any Office) async throws -> FieldErrors {
        guard let topic, try await office.topic(named: topic) == nil else { return errors }
        var completed = FieldErrors("topic", FieldErrors.invalid)
        for (name, messages) in errors.fields {
            for message in messages { completed.add(name, message) }
        }
        return completed
    }
}
