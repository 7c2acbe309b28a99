using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Generation;

/// <summary>
/// Texts that are written together, a token each a step. Shorter prompts are padded on the left, which the mask hides; each row counts its
/// own positions. A row that has ended stays in the batch, unseen, until all have.
/// </summary>
/// <remarks>B batch, T tokens of a step.</remarks>
internal sealed class GeneratedBatch(GeneratedRow[] rows, DecodingRun decoding) : IDisposable
{
    private readonly int _longest = rows.Max(row => row.Prompt.Length);
    private int _steps;

    public bool Ended => rows.All(row => row.StopReason is not null);

    /// <summary>Runs the prompts, or the tokens drawn last, and draws the next of each text.</summary>
    public IReadOnlyList<MhcGeneratedPiece> Step(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using OrtValue logits = Run(cancellationToken);
        int vocabulary = (int)logits.GetTensorTypeAndShape().Shape[^1];
        ReadOnlySpan<float> values = logits.GetTensorDataAsSpan<float>();
        var pieces = new List<MhcGeneratedPiece>();
        for (int row = 0; row < rows.Length; row++)
            if (rows[row].StopReason is null && rows[row].Draw(values.Slice(row * vocabulary, vocabulary)) is { } piece)
                pieces.Add(piece);
        return pieces;
    }

    public void Dispose() => decoding.Dispose();

    private OrtValue Run(CancellationToken cancellationToken)
    {
        using var options = new RunOptions();
        // A prompt may take long: a cancellation ends it in the middle.
        using CancellationTokenRegistration registration = cancellationToken.Register(() => options.Terminate = true);
        (long[] ids, long[] positions) = _steps == 0 ? Prompts() : Drawn();
        try
        {
            OrtValue logits = decoding.Run(ids, Mask(), positions, rows.Length, options);
            _steps++;
            return logits;
        }
        catch (OnnxRuntimeException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private (long[] Ids, long[] Positions) Prompts()
    {
        long[] ids = new long[rows.Length * _longest], positions = new long[ids.Length];
        for (int row = 0; row < rows.Length; row++)
        {
            int[] prompt = rows[row].Prompt;
            int first = (row + 1) * _longest - prompt.Length;
            for (int t = 0; t < prompt.Length; t++)
                (ids[first + t], positions[first + t]) = (prompt[t], t);
        }
        return (ids, positions);
    }

    // A row that has ended goes on with any token at any position: no other row sees it.
    private (long[] Ids, long[] Positions) Drawn() => (
        Array.ConvertAll(rows, row => row.StopReason is null ? (long)row.Token : 0),
        Array.ConvertAll(rows, row => row.StopReason is null ? (long)row.Position : 0));

    private long[] Mask()
    {
        int total = _longest + _steps;
        long[] mask = new long[rows.Length * total];
        for (int row = 0; row < rows.Length; row++)
            mask.AsSpan(row * total, total)[(_longest - rows[row].Prompt.Length)..].Fill(1);
        return mask;
    }
}
