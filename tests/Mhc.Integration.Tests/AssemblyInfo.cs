// The tests start programs that take all cores.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
