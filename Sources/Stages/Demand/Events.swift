/// Events as they travel between stages: a slice, so that handing them over, splitting them and giving them back copies
/// nothing.
public typealias Events<Event> = ArraySlice<Event>
