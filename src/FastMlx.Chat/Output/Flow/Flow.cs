using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace FastMlx.Chat.Output;

/// <summary>
/// A coroutine of a parser: written as a straight line, suspended wherever <see cref="OutputReader.Need"/> lacks bytes,
/// resumed inside <see cref="OutputReader.Append"/> on the caller's thread. Unlike a Task it never looks at a
/// synchronisation context or a thread pool, so a parser is as synchronous as a loop. Awaited once, by its owner.
/// </summary>
[AsyncMethodBuilder(typeof(FlowBuilder<>))]
internal sealed class Flow<T> : ICriticalNotifyCompletion
{
    private Action? _continuation;
    private ExceptionDispatchInfo? _failure;
    private T _result = default!;

    public bool IsCompleted { get; private set; }

    /// <summary>Moves the boxed state machine; null until its method has suspended for the first time.</summary>
    internal Action? Resume { get; set; }

    public Flow<T> GetAwaiter() => this;

    public T GetResult()
    {
        _failure?.Throw();
        return _result;
    }

    public void OnCompleted(Action continuation) => _continuation = continuation;

    public void UnsafeOnCompleted(Action continuation) => _continuation = continuation;

    internal void Complete(T result)
    {
        _result = result;
        Finish();
    }

    internal void Fail(Exception failure)
    {
        _failure = ExceptionDispatchInfo.Capture(failure);
        Finish();
    }

    private void Finish()
    {
        IsCompleted = true;
        _continuation?.Invoke();
    }
}
