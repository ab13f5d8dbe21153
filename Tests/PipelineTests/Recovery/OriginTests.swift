import Testing

@testable import Pipeline

@Suite("An origin") struct OriginTests {
    @Test("is the same with and without a slash at its end")
    func slash() {
        #expect(Origin("http://a/x") == Origin("http://a/x/"))
        #expect(Origin("http://a/x").key == "http://a/x")
        #expect(Origin("http://a") == Origin("http://a/"))
        #expect(Origin("http://a/x") != Origin("http://a/y"))
        #expect(Origin("http://a/x?y=1") != Origin("http://a/x"))
        #expect(Origin("http://a/x/?y=1") == Origin("http://a/x?y=1"))
    }

    @Test(
        "has its list where the topic says, and its entries below",
        arguments: [
            ("http://a/x/", "http://a/x/", "http://a/x/7/", "http://a/x/?limit=9"),
            ("http://a/x", "http://a/x", "http://a/x/7/", "http://a/x?limit=9"),
            ("http://a", "http://a", "http://a/7/", "http://a?limit=9"),
            ("http://a/x?y=1#z", "http://a/x?y=1", "http://a/x/7/?y=1", "http://a/x?y=1&limit=9"),
        ]
    )
    func places(host: String, listing: String, entry: String, limited: String) {
        let origin = Origin(host)
        #expect(origin.listing(limit: nil, addsSlash: false) == listing)
        #expect(origin.entry("7") == entry)
        #expect(origin.listing(limit: 9, addsSlash: false) == limited)
    }

    @Test("cannot be led elsewhere by an id")
    func ids() {
        #expect(Origin("http://a/x/").entry("../../etc?x#y z") == "http://a/x/..%2F..%2Fetc%3Fx%23y%20z/")
        #expect(Origin("http://a/x/").entry("ä-1.0_~") == "http://a/x/%C3%A4-1.0_~/")
        #expect(Origin("http://a/x").listing(limit: nil, addsSlash: true) == "http://a/x/")
    }
}
