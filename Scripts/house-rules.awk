# House rules that a pattern can check: see "House rules" in CONTRIBUTING.md.
#
# A comment `Exception: <why>` on the line itself, or in the comment directly above it, excuses that line.

function broken(rule) { broken_in(FILENAME, rule) }

function broken_in(file, rule) {
    if (excused) return
    printf "%s:%d: %s\n", file, line, rule
    failed = 1
}

# True when `text` has the identifier-like pattern, not as the tail of a longer name or a member of something.
function uses(text, pattern) { return text ~ ("(^|[^A-Za-z0-9_.])(" pattern ")") }

function within(folder) { return index(FILENAME, folder) == 1 }

function end_of_file() {
    if (count > 350 && first !~ /^\/\/ /) {
        line = 1
        excused = 0
        broken_in(previous, "has " count " lines: above 350 the first line is a comment that gives the reason")
    }
}

function check_import(module) {
    if (within("Sources/Stages/") && module !~ /^(DequeModule|HeapModule|Logging|Synchronization|Glibc|Musl|Darwin)$/)
        broken("Stages stands alone: it does not import " module)
    if (within("Sources/Pipeline/") && module ~ /^(Server|Bench|Hummingbird|HTTPTypes|NIO.*|ServiceLifecycle|Configuration|ArgumentParser|Histogram|Dispatch)$/)
        broken("Pipeline does not import " module ": imports point from Server and Bench to Pipeline to Stages")
    if (within("Sources/Server/") && module ~ /^(Bench|GRDB|CLibCurl|CLibPQ|Histogram)$/)
        broken("Server does not import " module)
    if (within("Sources/Bench/") && module ~ /^(Server|GRDB|CLibPQ|Hummingbird)$/)
        broken("Bench does not import " module)
    if (within("Sources/") && module == "GRDB" && !within("Sources/Pipeline/Storage/SQLite/"))
        broken("GRDB stays in Storage/SQLite")
    if (within("Sources/") && module == "CLibPQ" && !within("Sources/Pipeline/Storage/Postgres/"))
        broken("libpq stays in Storage/Postgres")
    if (within("Sources/Pipeline/") && module == "CLibCurl" && !within("Sources/Pipeline/Targets/"))
        broken("libcurl stays in Targets")
}

FNR == 1 {
    end_of_file()
    previous = FILENAME
    count = 0
    first = $0
    commented = 0
    above = 0
    name = FILENAME
    sub(/.*\//, "", name)
    line = 1
    excused = 0
    if (name ~ /(Manager|Helpers?|Utils?|Utilities|Impl)\.swift$/)
        broken("is named after nothing: say what it is")
}

{
    count = FNR
    line = FNR
    comment = ""
    code = $0
    # A quote before the slashes may mean that they are part of a string, as in "http://…".
    if (match(code, /(^|[ \t])\/\//)) {
        comment = substr(code, RSTART)
        code = substr(code, 1, RSTART - 1)
    }
    blank = code ~ /^[ \t]*$/
    excused = above || comment ~ /Exception: /
    explained = commented || comment != ""
    if (comment ~ /(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)/) {
        excused = 0
        broken("an open task belongs into an issue")
    }
    if (blank) {
        # A comment excuses and explains the line below its block; an empty line ends it.
        above = comment != "" && excused
        commented = comment != ""
        next
    }
    # Attributes on a line of their own stand between a comment and what it is about.
    if (code !~ /^[ \t]*@[A-Za-z]+(\([^)]*\))?[ \t]*$/) {
        above = 0
        commented = 0
    }
}

code ~ /^[ \t]*(@[A-Za-z_]+ +)?((public|package|internal|fileprivate|private) +)?import / {
    module = code
    sub(/^.*import +((struct|class|enum|protocol|func|var|let|typealias) +)?/, "", module)
    sub(/[^A-Za-z0-9_].*$/, "", module)
    check_import(module)
}

within("Sources/") && !within("Sources/Stages/") && !within("Sources/StagesTesting/") && code ~ /^[ \t]*(public|open) / {
    broken("only Stages and StagesTesting have a public interface: use package, or nothing")
}

code ~ /@unchecked +Sendable|nonisolated\(unsafe\)/ && !explained {
    broken("needs a comment directly above that proves it safe")
}

within("Sources/Stages/") || within("Sources/Pipeline/") {
    if (uses(code, "DispatchQueue|DispatchSemaphore|DispatchGroup"))
        broken("leaves the tree's executor: no Dispatch here")
    if (uses(code, "Thread[ ({.]|pthread_create"))
        broken("a thread of its own is an exception to be justified")
    if (uses(code, "Task\\.detached|Task *(\\([^)]*\\))? *\\{"))
        broken("leaves the tree's executor: use a child task")
    if (uses(code, "Task\\.sleep") && code !~ /clock: /)
        broken("sleeps on a clock that nobody injected")
    if (uses(code, "Date\\(\\)|Date\\.now|UUID\\(\\)|time\\(nil\\)"))
        broken("time and identity are injected")
    if (uses(code, "SystemRandomNumberGenerator") || (code ~ /\.(random|shuffled|randomElement)\(/ && code !~ /using: /))
        broken("randomness is injected")
}

within("Tests/") && uses(code, "Task\\.sleep|u?sleep\\(|Thread\\.sleep") && code !~ /clock: |func sleep/ {
    broken("a test awaits an event instead of sleeping")
}

END {
    end_of_file()
    exit failed
}
