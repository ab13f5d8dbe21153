/// What is wrong with a request, field by field, in the order in which it was found.
struct FieldErrors: Sendable, Equatable {
    static let blank = "can't be blank"
    static let invalid = "is invalid"
    static let taken = "has already been taken"
    static let notSupported = "is not supported yet"
    static let notChangeable = "can't be changed"
    static let notForPubSub = "can't be used with type pubsub"

    private(set) var fields: [(name: String, messages: [String])] = []

    init() {}

    init(_ name: String, _ message: String) {
        add(name, message)
    }

    var isEmpty: Bool { fields.isEmpty }

    mutating func add(_ name: String, _ message: String) {
        if let index = fields.firstIndex(where: { $0.name == name }) {
            fields[index].messages.append(message)
        } else {
            fields.append((name, [message]))
        }
    }

    func has(_ name: String) -> Bool {
        fields.contains { $0.name == name }
    }

    static func == (left: FieldErrors, right: FieldErrors) -> Bool {
        left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.messages == $1.messages }
    }
}
