namespace Mhc.Training;

/// <summary>Linear warm-up, then half a cosine down to a floor, flat after: the reference's schedule.</summary>
internal static class CosineSchedule
{
    /// <param name="step">Updates made so far.</param>
    public static double At(int step, TrainingOptions options)
    {
        if (step < options.WarmupIters)
            return options.LearningRate * (step + 1) / (options.WarmupIters + 1);
        int decayIters = options.LrDecayIters ?? options.MaxIters;
        if (step >= decayIters)
            return options.MinLr;
        double progress = (double)(step - options.WarmupIters) / (decayIters - options.WarmupIters);
        return options.MinLr + (0.5 * (1 + Math.Cos(Math.PI * progress)) * (options.LearningRate - options.MinLr));
    }

    /// <summary>The rates of every group when the weights' is <paramref name="learningRate"/>: all follow the one schedule.</summary>
    public static AdamW.Rates Rates(double learningRate, TrainingOptions options)
    {
        double share = learningRate / options.LearningRate;
        return new(learningRate, (options.HLogitsLr ?? options.LearningRate) * share, options.ValueResidualLr * share);
    }
}
