using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>A model that is open: its session, what it says about itself, and where it runs.</summary>
internal sealed record OpenModel(SharedSession Session, TextModel Text, MhcDevice Device, string? WhyNotCuda)
{
    /// <param name="owner">What callers know the model by: the type that an <see cref="ObjectDisposedException"/> names.</param>
    public static OpenModel Open(ModelSource source, MhcSessionOptions options, ModelTask task, Type owner)
    {
        options.Validate();
        bool hasChecksum;
        using (Stream content = source.Read())
            hasChecksum = FileChecksum.Check(content, source.Name);
        (InferenceSession session, MhcDevice device, string? whyNotCuda) = SessionFactory.Open(source.Open, options, source.Name);
        try
        {
            IReadOnlyDictionary<string, string> metadata = session.ModelMetadata.CustomMetadataMap;
            var text = TextModel.Read(metadata, session.InputNames, session.OutputNames, task, source.Name);
            if (!hasChecksum)
                FileChecksum.CheckNone(metadata, source.Name);
            ILogger? logger = options.LoggerFactory?.CreateLogger(owner);
            if (whyNotCuda is not null)
                logger?.FellBackToCpu(source.Name, options.DeviceId, whyNotCuda);
            logger?.Opened(source.Name, device, text.Info.Precision, text.Info.Layout, text.Info.ContextLength);
            return new(new SharedSession(session, owner, options.RunsOn(device)), text, device, whyNotCuda);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }
}
