extension Signal {
    /// Suspends until the signal is raised or the time has come, whichever is first.
    nonisolated(nonsending) func suspend(until deadline: Duration?, _ time: Timekeeper) async {
        guard let deadline else { return await suspend() }
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in
                do {
                    try await time.sleep(until: deadline)
                    raise()
                } catch {
                    // The signal was raised first.
                }
            }
            await suspend()
            group.cancelAll()
        }
    }
}
