/// Why a dispatcher made its stage fail, or dropped a consumer.
public enum DispatchError: Error, Equatable {
    /// An event was put into a partition that there is not.
    case unknownPartition(Partition, known: [Partition])
    /// A consumer of a broadcast fell behind the others by more than the bound.
    case tooSlow(behind: Int)
}

extension DispatchError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownPartition(let partition, let known):
            "an event was put into the partition \(partition), but there are only \(known.listed)"
        case .tooSlow(let behind): "the consumer was more than \(behind) events behind the others"
        }
    }
}

extension [Partition] {
    /// All of them by name, or the first and the last where they are numbers in a row.
    var listed: String {
        if count > 8, case .number = first, let last { return "\(self[0]) to \(last)" }
        return map(\.description).joined(separator: ", ")
    }
}
