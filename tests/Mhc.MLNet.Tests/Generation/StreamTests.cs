using Mhc.MLNet.Tests.Kit;

namespace Mhc.MLNet.Tests.Generation;

public class StreamedText
{
    private static readonly MhcGenerationOptions Free = new() { Temperature = 1, MaxTokens = 40 };

    [Fact]
    public async Task IsTheGeneratedText()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        string[] prompts = ["a", "hello world", ""];
        List<MhcGeneratedPiece> pieces = await generator.StreamAsync(prompts, Free, TestContext.Current.CancellationToken).ToListAsync();

        Assert.Equal(generator.GenerateBatch(prompts, Free), pieces.GroupBy(piece => piece.Prompt).OrderBy(text => text.Key).Select(text =>
            new MhcGeneratedText { Text = string.Concat(text.Select(piece => piece.Text)), StopReason = text.Last().StopReason!.Value }));
        Assert.Equal(3, pieces.Count(piece => piece.StopReason is not null));
        Assert.Equal(120, pieces.Count); // One for each token: all are whole characters.
    }

    [Fact]
    public async Task CanBeEnumeratedAgain()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        IAsyncEnumerable<MhcGeneratedPiece> stream = generator.StreamAsync(["a"], Free, TestContext.Current.CancellationToken);
        Assert.Equal(await stream.ToListAsync(), await stream.ToListAsync());
    }

    [Fact]
    public async Task EndsWhenItIsCancelled()
    {
        using var generator = new MhcGenerator(TestModels.CharactersDecoder);
        using var cancellation = new CancellationTokenSource();
        int pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (MhcGeneratedPiece _ in generator.StreamAsync(["a"], Free, cancellation.Token))
                if (++pieces == 3)
                    await cancellation.CancelAsync();
        });
        Assert.Equal(3, pieces);
        Assert.ThrowsAny<OperationCanceledException>(() => generator.Generate("a", Free, cancellation.Token));
        Assert.Equal(40, generator.Generate("a", Free, TestContext.Current.CancellationToken).Text.EnumerateRunes().Count());
    }

    [Fact]
    public async Task EndsWithTheGenerator()
    {
        var generator = new MhcGenerator(TestModels.CharactersDecoder);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using IAsyncEnumerator<MhcGeneratedPiece> pieces =
            generator.StreamAsync(["a"], Free, cancellation).GetAsyncEnumerator(cancellation);
        Assert.True(await pieces.MoveNextAsync());
        generator.Dispose();
        generator.Dispose();
        Assert.Equal(typeof(MhcGenerator).FullName,
            (await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pieces.MoveNextAsync())).ObjectName);
        Assert.Throws<ObjectDisposedException>(() => generator.Generate("a"));
    }
}
