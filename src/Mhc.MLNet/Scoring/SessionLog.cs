using Microsoft.Extensions.Logging;

namespace Mhc.MLNet.Scoring;

/// <summary>What is said of a model that is opened.</summary>
internal static partial class SessionLog
{
    [LoggerMessage(1, LogLevel.Information, "Opened {Source} on {Device}: {Precision}, {Layout}, context length {ContextLength}.")]
    public static partial void Opened(
        this ILogger logger, string source, MhcDevice device, string precision, string layout, int contextLength);

    [LoggerMessage(2, LogLevel.Warning, "{Source} runs on the CPU, because CUDA device {DeviceId} cannot run it: {Reason}")]
    public static partial void FellBackToCpu(this ILogger logger, string source, int deviceId, string reason);
}
