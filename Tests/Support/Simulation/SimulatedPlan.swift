package import Pipeline

/// Everything that is drawn for a run before it begins.
package struct SimulatedPlan: Sendable {
    package var seed: UInt64
    /// The faults end then, and so do senders and hands.
    package var horizon: Duration
    package var topics: Int
    package var publishers: [PublisherPlan]
    package var messages: Int
    /// Messages that are to be sent later; some are deleted before.
    package var scheduled = 0
    /// How often people do something, half of it with settings and half with messages.
    package var handsPerRun: Int
    /// The chance of each life of the process to end by a kill.
    package var killed: Double
    package var climate: SimulatedWeather.Climate
    package var lanes: StoreLanes
    package var maxDemand: Int
    package var circuitThreshold: Int
    package var refreshInterval: Duration
    package var maxBufferBytes: Int
    /// Of each topic, in seconds.
    package var retention: [Int?]
    package var cleaning = CleaningSettings()
    /// What is not drawn: how the receivers at these addresses behave until when, in seconds since the beginning.
    package var scripts: [String: [(until: Double, behaviour: Behaviour)]] = [:]

    package struct PublisherPlan: Sendable {
        package var topic: Int
        package var settings: PublisherSettings

        package init(topic: Int, settings: PublisherSettings) {
            self.topic = topic
            self.settings = settings
        }
    }

    package init(seed: UInt64) {
        let dice = Dice(seed: seed, part: "plan")
        self.seed = seed
        horizon = .seconds(dice.pick([60, 300, 900]))
        topics = dice.number(1...2)
        messages = dice.number(5...30)
        handsPerRun = dice.number(0...10)
        killed = dice.pick([0, 0.5, 0.9])
        climate = SimulatedWeather.Climate()
        climate.failing = dice.pick([0, 0, 0.01, 0.1])
        climate.slow = dice.pick([0, 0.1, 0.5])
        climate.slowest = dice.pick([0.05, 3])
        if dice.chance(0.2) {
            let begin = dice.real(1...60)
            climate.outages = [begin...begin + dice.real(0.5...30)]
        }
        lanes = dice.chance(0.5) ? .shared : .separate(intake: 2)
        maxDemand = dice.number(1...10)
        circuitThreshold = dice.pick([1, 3, 10])
        refreshInterval = .seconds(dice.pick([10, 60]))
        maxBufferBytes = dice.pick([2_000, 1_000_000])
        let cleaner = Dice(seed: seed, part: "cleaning")
        retention = (0..<topics).map { _ in cleaner.pick([nil, 60, 300]) }
        cleaning.threshold = cleaner.pick([30, 120, 7_890_000])
        cleaning.interval = .seconds(cleaner.pick([5, 60]))
        cleaning.timetable = cleaner.pick([nil, "* * * * *", "*/5 * * * *"]).flatMap { try? CronExpression($0) }
        let topics = topics
        publishers = (0..<dice.number(1...3)).map { number in
            PublisherPlan(
                topic: dice.number(0...topics - 1),
                settings: Self.settings(number, dice)
            )
        }
        // Somebody listens to the notices.
        if dice.chance(0.2) {
            publishers.append(PublisherPlan(topic: topics, settings: Self.settings(publishers.count, dice)))
        }
        scheduled = dice.pick([0, 3, 20])
    }

    static func settings(_ number: Int, _ dice: Dice) -> PublisherSettings {
        var settings = PublisherSettings(target: "http://127.0.0.1:9/\(number)")
        settings.body = .payload
        settings.secondsTimeout = dice.pick([1, 5, 30])
        settings.secondsRetry = dice.pick([1, 10, 30])
        settings.secondsRetryMax = settings.secondsRetry * dice.pick([1, 4, 20])
        if dice.chance(0.2) { settings.retrySchedule = [1, 5, 60] }
        settings.maxAttempts = dice.pick([1, 3, 100])
        if dice.chance(0.5) { settings.maxDemand = dice.number(1...8) }
        if dice.chance(0.3) { settings.ordering = .strict }
        if dice.chance(0.2) { settings.rateLimit = dice.pick([1, 5, 50]) }
        if dice.chance(0.1) { settings.fromNow = true }
        if dice.chance(0.05) { settings.active = false }
        if dice.chance(0.3) {
            settings.type = .pubsub
            settings.chunkSize = dice.pick([1, 2, 5, 20])
        }
        return settings
    }
}
