namespace Mhc.Training;

/// <summary>Work on several items at a time, results in the items' order, a bounded number of them at hand.</summary>
internal static class InOrder
{
    public static IEnumerable<TResult> Map<T, TResult>(IEnumerable<T> items, Func<T, TResult> work)
    {
        // Enough that no core waits while a long item is being worked on at the head.
        int most = 8 * Environment.ProcessorCount;
        var running = new Queue<Task<TResult>>();
        foreach (T item in items)
        {
            running.Enqueue(Task.Run(() => work(item)));
            if (running.Count == most)
                yield return running.Dequeue().GetAwaiter().GetResult();
        }
        while (running.TryDequeue(out Task<TResult>? next))
            yield return next.GetAwaiter().GetResult();
    }
}
