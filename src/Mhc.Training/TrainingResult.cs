namespace Mhc.Training;

/// <summary>Why a run ended.</summary>
public enum TrainingEnd
{
    /// <summary>All updates were made.</summary>
    MaxIters,
    /// <summary>The validation loss had not fallen for <see cref="TrainingOptions.Patience"/> evaluations.</summary>
    Patience,
    /// <summary>It was asked to stop; <see cref="Trainer.Resume"/> continues it.</summary>
    Cancelled,
}

/// <summary>How a run ended.</summary>
/// <param name="BestFolder">Checkpoint with the lowest validation loss.</param>
/// <param name="LastFolder">Checkpoint after the last update, with what a resumed run needs.</param>
/// <param name="BestValLoss">Nats per token.</param>
/// <param name="LastValLoss">Of the last evaluation, nats per token.</param>
/// <param name="TokensPerSecond">Over all updates since the run was started or resumed, evaluations left out.</param>
/// <param name="Validation">
/// Bits per byte of the validation texts under the best checkpoint; null where there is no such text and where the run was cancelled.
/// </param>
public sealed record TrainingResult(
    string BestFolder, string LastFolder, double BestValLoss, double LastValLoss, double TokensPerSecond, ValidationQuantiles? Validation)
{
    /// <summary>Why it ended.</summary>
    public TrainingEnd End { get; init; }

    /// <summary>Updates made.</summary>
    public int Step { get; init; }
}
