using Mhc.Benchmarks;

StreamUpdate.Run(rounds: args is [var rounds] ? int.Parse(rounds) : 10);
