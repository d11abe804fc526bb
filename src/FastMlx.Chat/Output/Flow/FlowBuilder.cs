using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Output;

/// <summary>The compiler's side of <see cref="Flow{T}"/>. Suspending again and again allocates nothing.</summary>
internal struct FlowBuilder<T>
{
    public Flow<T> Task { get; private init; }

    public static FlowBuilder<T> Create() => new() { Task = new Flow<T>() };

    // CA1822: the compiler calls these on the instance.
#pragma warning disable CA1822
    public readonly void Start<TMachine>(ref TMachine machine)
        where TMachine : IAsyncStateMachine => machine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine machine) => _ = machine;
#pragma warning restore CA1822

    public readonly void SetResult(T result) => Task.Complete(result);

    public readonly void SetException(Exception failure) => Task.Fail(failure);

    public readonly void AwaitOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : INotifyCompletion
        where TMachine : IAsyncStateMachine => awaiter.OnCompleted(ResumeOf(ref machine));

    public readonly void AwaitUnsafeOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : ICriticalNotifyCompletion
        where TMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(ResumeOf(ref machine));

    private readonly Action ResumeOf<TMachine>(ref TMachine machine)
        where TMachine : IAsyncStateMachine
    {
        if (Task.Resume is null)
        {
            // From here on the machine lives in its box, whose copy of this builder shares the same Flow.
            var box = new FlowBox<TMachine>();
            Task.Resume = box.MoveNext;
            box.Machine = machine;
        }
        return Task.Resume;
    }
}
