import Hummingbird

/// Which part of a list is asked for: at most so many, after a place. Never by number of the page.
struct Page: Equatable {
    var limit = 50
    /// Everything up to this id is left out.
    var after: Int64 = 0

    /// - Throws: `Refusal.fields`.
    init(_ query: Query, of list: Cursor.List) throws {
        var errors = FieldErrors()
        if let text = try query["limit"] {
            if let number = FieldValue.string(text).integer {
                if 1...500 ~= number { limit = number } else { errors.add("limit", (1...500).sentence) }
            } else {
                errors.add("limit", FieldErrors.invalid)
            }
        }
        if let text = try query["after"] {
            if let id = Cursor.id(text, of: list) { after = id } else { errors.add("after", FieldErrors.invalid) }
        }
        if !errors.isEmpty { throw Refusal.fields(errors) }
    }

    /// Writes `{"data":[…],"next":…}` from one element more than the limit, if there are so many.
    func response<Element>(
        _ elements: [Element],
        of list: Cursor.List,
        id: (Element) -> Int64,
        _ members: (inout JSONWriter, Element) -> Void
    ) -> Response {
        let shown = elements.prefix(limit)
        let body = JSONWriter.document { json in
            json.member(
                "data",
                array: { json in
                    for element in shown { json.object { members(&$0, element) } }
                }
            )
            let next = elements.count > limit ? shown.last.map { Cursor.text(id($0), of: list) } : nil
            json.member("next", next)
        }
        return .json(body)
    }
}
