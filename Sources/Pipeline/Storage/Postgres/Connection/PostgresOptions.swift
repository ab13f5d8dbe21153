import CLibPQ

/// Where a database is and how to get into it, as libpq understands it.
package struct PostgresOptions: Sendable {
    /// libpq's keywords with their values, without what has its default.
    private(set) var values: [(keyword: String, value: String)]
    /// How long the server may take to let us in, to answer, or to give any sign of life.
    let timeout: Duration

    /// - Parameter url: `postgres://user:password@host:port/name?sslmode=…`, with libpq's parameters. What is missing is
    ///   taken from libpq's environment variables and defaults.
    package init(url: String, timeout: Duration) throws(PostgresOptionsError) {
        var message: UnsafeMutablePointer<CChar>?
        let options = PQconninfoParse(url, &message)
        defer {
            PQconninfoFree(options)
            PQfreemem(message)
        }
        guard let options else {
            throw PostgresOptionsError(libpq: message.map { String(cString: $0) } ?? "", url: url)
        }
        values = []
        self.timeout = timeout
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                values.append((String(cString: keyword), String(cString: value)))
            }
            option += 1
        }
        addDefaults()
    }

    /// nil leaves a value to libpq's environment variables and defaults.
    package init(
        host: String?,
        port: Int?,
        database: String?,
        user: String?,
        password: String?,
        timeout: Duration
    ) {
        let all = [
            ("host", host), ("port", port.map { "\($0)" }), ("dbname", database), ("user", user),
            ("password", password),
        ]
        values = all.compactMap { keyword, value in value.map { (keyword, $0) } }
        self.timeout = timeout
        addDefaults()
    }

    /// The same database under another name of ours, as `pg_stat_activity` shows it.
    func named(_ name: String) -> PostgresOptions {
        var options = self
        options.values.removeAll { $0.keyword == "fallback_application_name" }
        options.values.append(("fallback_application_name", name))
        return options
    }

    /// Where the database is, in words: never the password.
    package var place: String {
        let host = self["host"] ?? self["hostaddr"] ?? "the local machine"
        let database = self["dbname"] ?? self["user"] ?? "the user's own database"
        return "\(database) on \(host)\(self["port"].map { ":\($0)" } ?? "")"
    }

    subscript(keyword: String) -> String? { values.last { $0.keyword == keyword }?.value }

    /// Hosts that are tried one after the other.
    var hostCount: Int { (self["host"] ?? self["hostaddr"] ?? "").split(separator: ",").count }

    private mutating func addDefaults() {
        let milliseconds = timeout.components.seconds * 1000
        let defaults = [
            ("fallback_application_name", "postoffice"), ("client_encoding", "UTF8"),
            // Data that nobody acknowledges: the connection is lost.
            ("tcp_user_timeout", "\(milliseconds)"), ("keepalives_idle", "10"), ("keepalives_interval", "2"),
            ("keepalives_count", "3"),
        ]
        for (keyword, value) in defaults where self[keyword] == nil { values.append((keyword, value)) }
    }
}
