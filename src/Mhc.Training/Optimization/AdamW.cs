using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// AdamW (arXiv:1711.05101) over the flat buffers: a step is the same few tensor operations whatever the depth of the model.
/// Only <see cref="ParameterGroup.Matrices"/> are decayed.
/// </summary>
internal sealed class AdamW(FlatParameters parameters, double beta1, double beta2, double weightDecay) : IDisposable
{
    private const double Epsilon = 1e-8;
    private readonly Tensor _mean = zeros_like(parameters.Values).DetachFromDisposeScope();
    private readonly Tensor _square = zeros_like(parameters.Values).DetachFromDisposeScope();
    private int _steps;

    /// <summary>The learning rates of one step.</summary>
    /// <param name="StreamLogits">Of static mHC's logits.</param>
    /// <param name="ValueResidual">Of the value residual's scalars.</param>
    public readonly record struct Rates(double Weights, double StreamLogits, double ValueResidual);

    /// <summary>How many steps were made.</summary>
    public int Steps
    {
        get => _steps;
        set => _steps = value;
    }

    /// <summary>What a resumed run needs besides <see cref="Steps"/>: (N) each, by the names that PyTorch gives them.</summary>
    public IReadOnlyList<(string Name, Tensor Values)> State => [("exp_avg", _mean), ("exp_avg_sq", _square)];

    /// <summary>Takes out the scale of the loss, then scales the gradients down to a norm of at most <paramref name="maxNorm"/>.</summary>
    /// <returns>The norm before clipping, over all parameters.</returns>
    public Tensor ClipGradients(double maxNorm, double scale = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        if (scale != 1)
            parameters.Gradients.mul_(1 / scale);
        Tensor norm = parameters.Gradients.norm();
        // As in PyTorch's clip_grad_norm_; staying on the device spares a wait for the GPU.
        parameters.Gradients.mul_((maxNorm / (norm + 1e-6)).clamp_max(1.0));
        return norm.MoveToOuterDisposeScope();
    }

    public void Step(Rates rates)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        _steps++;
        parameters.Values.narrow(0, 0, parameters.EndOf(ParameterGroup.Matrices)).mul_(1 - (rates.Weights * weightDecay));
        _mean.lerp_(parameters.Gradients, 1 - beta1);
        _square.mul_(beta2).addcmul_(parameters.Gradients, parameters.Gradients, 1 - beta2);
        Tensor denominator = _square.sqrt().div_(Math.Sqrt(1 - Math.Pow(beta2, _steps))).add_(Epsilon);
        Descend(0, parameters.EndOf(ParameterGroup.Float32), rates.Weights);
        Descend(parameters.EndOf(ParameterGroup.Float32), parameters.EndOf(ParameterGroup.StreamLogits), rates.StreamLogits);
        Descend(parameters.EndOf(ParameterGroup.StreamLogits), parameters.Values.numel(), rates.ValueResidual);
        parameters.CastValues();

        void Descend(long begin, long end, double rate)
        {
            if (end > begin)
            {
                parameters.Values.narrow(0, begin, end - begin).addcdiv_(_mean.narrow(0, begin, end - begin),
                    denominator.narrow(0, begin, end - begin), -rate / (1 - Math.Pow(beta1, _steps)));
            }
        }
    }

    public void Dispose()
    {
        _mean.Dispose();
        _square.Dispose();
    }
}
