import Testing

@testable import Pipeline

struct VaultTests {
    private let vault = Vault(key: Array(0..<32))!
    private let other = Vault(key: Array(1...32))!

    @Test(
        "What is sealed is found again with the same key, and not to be seen",
        arguments: ["", "a secret", #"{"ä":"whsec_x"}"#]
    )
    func sealed(text: String) throws {
        let sealed = vault.seal(text, for: .secret)
        #expect(Vault.isSealed(sealed))
        #expect(text.isEmpty || !sealed.contains(text))
        #expect(try Vault(key: Array(0..<32))!.open(sealed, for: .secret) == text)
    }

    @Test("The same text is sealed otherwise each time")
    func nonces() {
        let sealed = (0..<100).map { _ in vault.seal("a", for: .secret) }
        #expect(Set(sealed).count == 100)
    }

    @Test("Another key, another purpose and a changed byte are all found out")
    func refused() throws {
        let sealed = vault.seal("secret", for: .secret)
        #expect(throws: VaultError.otherKey) { try other.open(sealed, for: .secret) }
        #expect(throws: VaultError.damaged) { try vault.open(sealed, for: .headers) }
        let start = sealed.index(sealed.startIndex, offsetBy: "v1.01234567.".count)
        // Not the last character before the two of padding: four of its bits mean nothing.
        for index in sealed[start...].indices.dropLast(3) {
            var changed = sealed
            changed.replaceSubrange(index...index, with: sealed[index] == "A" ? "B" : "A")
            #expect(throws: VaultError.damaged) { try vault.open(changed, for: .secret) }
        }
        #expect(throws: VaultError.damaged) { try vault.open(String(sealed.dropLast(8)), for: .secret) }
    }

    @Test("A key has 32 bytes in base64")
    func keys() {
        #expect(Vault(base64: "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=") != nil)
        for text in [
            "", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA==", "*DEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        ] {
            #expect(Vault(base64: text) == nil)
        }
    }

    @Test("A vault and its errors print without anything that is secret")
    func printing() {
        var dumped = ""
        dump(vault, to: &dumped)
        #expect(dumped == "- Vault\n")
        for error in [VaultError.otherKey, .noKey, .damaged] { #expect("\(error)".contains("SECRETS_KEY")) }
    }
}
