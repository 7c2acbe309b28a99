using System.Collections.Concurrent;
using Microsoft.ML;

namespace Mhc.MLNet;

/// <summary>
/// A saved pipeline for many threads: a <see cref="PredictionEngine{TSrc, TDst}"/> is for one at a time, so each call takes one of its own
/// and gives it back. Made for any pipeline that ML.NET loads, with <see cref="MhcCatalog.ScoreMhc"/> in it or without. Thread-safe.
/// </summary>
/// <typeparam name="TData">A row that goes in.</typeparam>
/// <typeparam name="TPrediction">A row that comes out.</typeparam>
public sealed class MhcPredictionEnginePool<TData, TPrediction> : IDisposable
    where TData : class
    where TPrediction : class, new()
{
    private readonly MLContext _mlContext;
    private readonly string _path;
    private readonly Lock _gate = new();
    private LoadedPipeline? _current;

    /// <summary>Loads a pipeline that <c>mlContext.Model.Save</c> wrote. Load only zips that you trust.</summary>
    /// <param name="path">The zip.</param>
    /// <param name="mlContext">Where custom components are registered, if the pipeline has any; null for a new one.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public MhcPredictionEnginePool(string path, MLContext? mlContext = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        (_path, _mlContext) = (path, mlContext ?? new MLContext());
        _current = Load();
    }

    /// <summary>One row through the pipeline.</summary>
    /// <exception cref="ObjectDisposedException">The pool is.</exception>
    public TPrediction Predict(TData example)
    {
        ArgumentNullException.ThrowIfNull(example);
        LoadedPipeline pipeline;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_current is null, this);
            pipeline = _current;
            pipeline.Enter();
        }
        try
        {
            return pipeline.Predict(example);
        }
        finally
        {
            pipeline.Leave();
        }
    }

    /// <summary>
    /// Loads the zip anew, for the calls that begin from now on; those that are under way end with the pipeline that they began with. Where the
    /// new one cannot be loaded, this throws and the old one stays.
    /// </summary>
    public void Reload()
    {
        LoadedPipeline loaded = Load();
        LoadedPipeline? replaced;
        lock (_gate)
        {
            if (_current is null)
            {
                loaded.Leave();
                throw new ObjectDisposedException(GetType().Name);
            }
            (replaced, _current) = (_current, loaded);
        }
        replaced.Leave();
    }

    /// <summary>Disposes of the pipeline once the calls that are under way have ended.</summary>
    public void Dispose()
    {
        LoadedPipeline? pipeline;
        lock (_gate)
            (pipeline, _current) = (_current, null);
        pipeline?.Leave();
    }

    private LoadedPipeline Load()
    {
        if (!File.Exists(_path))
            throw new FileNotFoundException($"{_path} does not exist. Save a pipeline there with mlContext.Model.Save, or correct the path.", _path);
        using FileStream file = File.OpenRead(_path);
        return new LoadedPipeline(_mlContext, _mlContext.Model.Load(file, out _));
    }

    /// <summary>A pipeline and its idle engines, in use by its pool and by every call.</summary>
    private sealed class LoadedPipeline(MLContext mlContext, ITransformer transformer)
    {
        private readonly ConcurrentBag<PredictionEngine<TData, TPrediction>> _idle = [];
        private int _users = 1;

        public void Enter() => Interlocked.Increment(ref _users);

        public void Leave()
        {
            if (Interlocked.Decrement(ref _users) > 0)
                return;
            foreach (PredictionEngine<TData, TPrediction> engine in _idle)
                engine.Dispose();
            (transformer as IDisposable)?.Dispose();
        }

        public TPrediction Predict(TData example)
        {
            PredictionEngine<TData, TPrediction> engine = _idle.TryTake(out PredictionEngine<TData, TPrediction>? idle) ? idle
                : mlContext.Model.CreatePredictionEngine<TData, TPrediction>(transformer, new PredictionEngineOptions { OwnsTransformer = false });
            TPrediction prediction = engine.Predict(example);
            _idle.Add(engine); // Not one that threw: what state it is in is not known.
            return prediction;
        }
    }
}
