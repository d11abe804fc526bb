using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Output;

/// <summary>Where a suspended state machine lives.</summary>
internal sealed class FlowBox<TMachine>
    where TMachine : IAsyncStateMachine
{
    public TMachine Machine = default!;

    public void MoveNext() => Machine.MoveNext();
}
