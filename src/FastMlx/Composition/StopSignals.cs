using System.Runtime.InteropServices;

namespace FastMlx.Composition;

/// <summary>SIGTERM and Ctrl+C: the first asks for a drain, the second for an end at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="interrupt">What Ctrl+C does: null is a stop like any other.</param>
    public StopSignals(Action? interrupt = null)
    {
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
            {
                if (interrupt is null)
                {
                    OnSignal(context);
                    return;
                }

                context.Cancel = true;
                interrupt();
            }),
        ];
    }

    /// <summary>Cancelled by the first signal: a download or a load in progress ends.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public Task WaitAsync() => _first.Task;

    public Task WaitForSecondAsync() => _second.Task;

    /// <summary>As a signal would.</summary>
    public void Stop()
    {
        if (_first.TrySetResult())
            _stopping.Cancel();
        else
            _second.TrySetResult();
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _stopping.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Without this the runtime would end the process before the drain.
        context.Cancel = true;
        Stop();
    }
}
