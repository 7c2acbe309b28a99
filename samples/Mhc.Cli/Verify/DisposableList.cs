namespace Mhc.Cli.Verify;

/// <summary>Disposes its items when it is.</summary>
internal sealed class DisposableList<T>(IEnumerable<T> items) : List<T>(items), IDisposable where T : IDisposable
{
    public void Dispose()
    {
        foreach (T item in this)
            item.Dispose();
    }
}
