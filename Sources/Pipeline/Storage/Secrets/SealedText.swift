/// How credentials stand in the text columns of a store: as JSON, sealed when there is a vault.
struct SealedText: Sendable {
    let vault: Vault?

    /// - Returns: nil for nil.
    func encode(_ value: (some Encodable)?, _ purpose: Vault.Purpose) throws -> String? {
        guard let text = try JSONText.encode(value) else { return nil }
        return vault?.seal(text, for: purpose) ?? text
    }

    /// Reads what is sealed, and what was written when there was no vault.
    ///
    /// - Throws: `StoreError.unusable` for a text that cannot be opened or understood; the text itself is not told.
    func decode<Value: Decodable>(_ text: String?, _ purpose: Vault.Purpose) throws -> Value? {
        guard let text else { return nil }
        return try JSONText.decode(try opened(text, purpose), purpose.rawValue)
    }

    /// What is to be written in the place of a text that is not sealed as it should be; nil when it is, or can stay.
    ///
    /// - Throws: `StoreError.unusable` for a text that cannot be opened.
    func resealed(_ text: String?, _ purpose: Vault.Purpose) throws -> String? {
        guard let text else { return nil }
        let opened = try opened(text, purpose)
        return Vault.isSealed(text) ? nil : vault?.seal(opened, for: purpose)
    }

    private func opened(_ text: String, _ purpose: Vault.Purpose) throws -> String {
        guard Vault.isSealed(text) else { return text }
        do throws(VaultError) {
            guard let vault else { throw .noKey }
            return try vault.open(text, for: purpose)
        } catch {
            throw StoreError.unusable(reason: "\(error)")
        }
    }
}
