import Hummingbird

/// Which part of a list is asked for: at most so many, after a place. Never by number of the page.
struct Page: Equatable {
    var limit = 50
    /// The place after which it begins, as the list's cursors have it; nil: at the beginning.
    var place: [Int64]?
    /// In a list by id: everything up to this id is left out.
    var after: Int64 { place?[0] ?? 0 }

    /// - Parameter count: how many numbers the list is ordered by.
    /// - Throws: `Refusal.fields`.
    init(_ query: Query, of list: Cursor.List, count: Int = 1) throws {
        var errors = FieldErrors()
        if let text = try query["limit"] {
            if let number = FieldValue.string(text).integer {
                if 1...500 ~= number { limit = number } else { errors.add("limit", (1...500).sentence) }
            } else {
                errors.add("limit", FieldErrors.invalid)
            }
        }
        if let text = try query["after"] {
            place = Cursor.place(text, of: list, count: count)
            if place == nil { errors.add("after", FieldErrors.invalid) }
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
        response(elements, of: list, place: { [id($0)] }, members)
    }

    /// - Parameter place: the numbers that the list is ordered by.
    func response<Element>(
        _ elements: [Element],
        of list: Cursor.List,
        place: (Element) -> [Int64],
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
            let next = elements.count > limit ? shown.last.map { Cursor.text(place($0), of: list) } : nil
            json.member("next", next)
        }
        return .json(body)
    }
}
