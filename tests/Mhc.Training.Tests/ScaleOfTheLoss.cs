namespace Mhc.Training.Tests;

public class ScaleOfTheLoss
{
    [Fact]
    public void IsOneAndStaysSoOutsideFloat16()
    {
        var scaler = new LossScaler(TrainingDtype.Bfloat16);
        Assert.True(scaler.Accept(double.PositiveInfinity)); // The trainer's own check stops the run.
        Assert.Equal(1, scaler.Scale);
    }

    [Fact]
    public void FallsWithAnOverflowWhoseUpdateIsPassedOver()
    {
        var scaler = new LossScaler(TrainingDtype.Float16);
        Assert.False(scaler.Accept(double.NaN));
        Assert.Equal(32768, scaler.Scale);
        Assert.True(scaler.Accept(1));
        Assert.Equal(32768, scaler.Scale);
    }

    [Fact]
    public void RisesAfterAThousandUpdatesWithoutOne()
    {
        var scaler = new LossScaler(TrainingDtype.Float16);
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.True(scaler.Accept(1)));
        Assert.Equal(131072, scaler.Scale);
    }

    [Fact]
    public void GivesUpWhereNoScaleHelps()
    {
        var scaler = new LossScaler(TrainingDtype.Float16);
        int passedOver = Enumerable.Range(0, 1000).TakeWhile(_ => !scaler.Accept(double.NaN)).Count();
        Assert.Equal(26, passedOver); // from 2^16 to 2^-10
    }
}
