import Testing

@testable import Pipeline

@Suite("What an origin lists") struct OriginListingTests {
    private func listing(_ json: String) throws -> OriginListing { try OriginListing(Array(json.utf8)) }

    @Test("O76 is as many entries as there are", arguments: 0...2)
    func count(count: Int) throws {
        let entries = (0..<count).map { #"{"id":\#($0),"topic":"t","payload":{"n":\#($0)},"attributes":{"a":"b"}}"# }
        let listing = try listing("[" + entries.joined(separator: ",") + "]")
        #expect(listing.count == count && listing.refusals.isEmpty)
        #expect(listing.entries.map(\.id) == (0..<count).map(String.init))
        for (number, entry) in listing.entries.enumerated() {
            let message = OriginListing.Message(
                topic: "t",
                payload: Array(#"{"n":\#(number)}"#.utf8),
                attributes: Array(#"{"a":"b"}"#.utf8)
            )
            #expect(entry.messages == [message])
        }
    }

    @Test("keeps the bytes of payloads and attributes, and has none for null or empty attributes")
    func bytes() throws {
        let listing = try listing(
            #"""
             [ {"id": 1, "topic": "tö\u0070ic", "payload": { "a" : 1.0 , "a":"\u00e9" }, "attributes": {"k" : "v"} },
               {"id": "x-2", "topic": "t", "payload": [1, 2], "attributes": null, "bulk": false},
               {"id": 3, "topic": "t", "payload": "s", "attributes": {}},
               {"id": 4, "topic": "t", "payload": false} ]
            """#
        )
        #expect(listing.entries.map(\.id) == ["1", "x-2", "3", "4"])
        let messages = listing.entries.flatMap(\.messages)
        #expect(messages.map(\.topic) == ["töpic", "t", "t", "t"])
        #expect(
            messages.map { String(decoding: $0.payload, as: UTF8.self) }
                == [#"{ "a" : 1.0 , "a":"\u00e9" }"#, "[1, 2]", #""s""#, "false"]
        )
        #expect(messages.map { String(decoding: $0.attributes, as: UTF8.self) } == [#"{"k" : "v"}"#, "", "", ""])
    }

    @Test("O80 may be several messages under one id")
    func bulk() throws {
        let listing = try listing(
            #"""
            [{"id":9,"topic":"","payload":[{"topic":"a","payload":1,"attributes":{"k":"v"}},
              {"topic":"b","payload":{"c":2},"attributes":null}],"attributes":null,"bulk":true},
             {"id":10,"topic":"a","payload":[],"bulk":true}]
            """#
        )
        #expect(listing.entries.map(\.id) == ["9", "10"])
        #expect(listing.entries[0].messages.map(\.topic) == ["a", "b"])
        #expect(listing.entries[0].messages.map { String(decoding: $0.payload, as: UTF8.self) } == ["1", #"{"c":2}"#])
        #expect(listing.entries[1].messages.isEmpty)
    }

    @Test(
        "is refused entry by entry, for a reason",
        arguments: [
            ("7", nil, "it is no object"),
            (#"{"topic":"t","payload":1}"#, nil, "its id is missing or cannot be used"),
            (#"{"id":null,"topic":"t","payload":1}"#, nil, "its id is missing or cannot be used"),
            (#"{"id":"","topic":"t","payload":1}"#, nil, "its id is missing or cannot be used"),
            (#"{"id":"a\u0000b","topic":"t","payload":1}"#, nil, "its id is missing or cannot be used"),
            (#"{"id":[1],"topic":"t","payload":1}"#, nil, "its id is missing or cannot be used"),
            (#"{"id":1,"payload":1}"#, "1", "its topic is missing"),
            (#"{"id":1,"topic":null,"payload":1}"#, "1", "its topic is missing"),
            (#"{"id":1,"topic":"t"}"#, "1", "its payload is missing"),
            (#"{"id":1,"topic":"t","payload":null}"#, "1", "its payload is missing"),
            (#"{"id":1,"topic":"t","payload":1,"attributes":{"a":1}}"#, "1", "its attributes are no object of strings"),
            (#"{"id":1,"topic":"t","payload":1,"attributes":[]}"#, "1", "its attributes are no object of strings"),
            (#"{"id":1,"topic":"t","payload":1,"bulk":true}"#, "1", "its payload is no array of messages"),
            (#"{"id":1,"topic":"t","payload":{},"bulk":true}"#, "1", "its payload is no array of messages"),
            (#"{"id":1,"topic":"t","bulk":true}"#, "1", "its payload is missing"),
            (#"{"id":1,"payload":[3],"bulk":true}"#, "1", "one of its messages is no object"),
            (
                #"{"id":1,"payload":[{"topic":"t","payload":1},{"topic":"t"}],"bulk":true}"#, "1",
                "its payload is missing"
            ),
        ] as [(String, String?, String)]
    )
    func refusals(entry: String, id: String?, reason: String) throws {
        let listing = try listing(#"[\#(entry),{"id":2,"topic":"t","payload":1}]"#)
        #expect(listing.refusals == [OriginListing.Refusal(id: id, reason: reason)])
        #expect(listing.entries.map(\.id) == ["2"])
        #expect(listing.count == 2)
    }

    @Test(
        "O75 is an array or nothing",
        arguments: ["", "{}", "null", "[", "[1,]", "<html>", #"{"data":[]}"#, "[]x", "[{]}"]
    )
    func notAnArray(text: String) {
        #expect(throws: JSONError.self) { try listing(text) }
    }

    @Test("has a digest of what counts: topic, payload and attributes, and where one ends")
    func digest() throws {
        func digest(_ json: String) throws -> [UInt8] { try listing("[\(json)]").entries[0].digest }
        let one = try digest(#"{"id":1,"topic":"t","payload":12,"attributes":{"a":"b"}}"#)
        #expect(one == (try digest(#"{"retries":3,"attributes":{"a":"b"},"id":2,"payload":12,"topic":"t"}"#)))
        for other in [
            #"{"id":1,"topic":"t1","payload":2,"attributes":{"a":"b"}}"#,
            #"{"id":1,"topic":"u","payload":12,"attributes":{"a":"b"}}"#,
            #"{"id":1,"topic":"t","payload":13,"attributes":{"a":"b"}}"#,
            #"{"id":1,"topic":"t","payload":12,"attributes":{"a":"c"}}"#, #"{"id":1,"topic":"t","payload":12}"#,
        ] {
            #expect(try digest(other) != one)
        }
        #expect(one.count == 32)
    }

    @Test("counts an id once")
    func sameID() throws {
        let listing = try listing(#"[{"id":1,"topic":"t","payload":1},{"id":"1","topic":"t","payload":2}]"#)
        #expect(listing.entries.count == 1 && listing.count == 2)
        let long = String(repeating: "x", count: 256)
        #expect(try self.listing(#"[{"id":"\#(long)","topic":"t","payload":1}]"#).entries.isEmpty)
    }
}
