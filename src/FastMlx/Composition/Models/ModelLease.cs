namespace FastMlx.Composition.Models;

/// <summary>A model that is kept in memory until this is disposed; disposing twice does nothing. Any thread.</summary>
internal sealed class ModelLease<T>(T model, Action release) : IDisposable
{
    private Action? _release = release;

    public T Model { get; } = model;

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
