namespace FastMlx.Composition.Models;

/// <summary>A request that waits for a model. Its place in the queue is its age.</summary>
internal sealed class HouseGuest<T>(int room, long since)
{
    public int Room { get; } = room;

    public long Since { get; } = since;

    // Continuations run elsewhere: this is completed under the house's lock.
    public TaskCompletionSource<ModelLease<T>> Lease { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}
