namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A few scratches kept warm. Lock-free: a slot is taken and given back by exchanging its reference. More callers than
/// slots get a new scratch that is dropped afterwards.
/// </summary>
internal sealed class ScratchPool
{
    private const int Slots = 8;

    private readonly EncodeScratch?[] _slots = new EncodeScratch?[Slots];

    public EncodeScratch Rent()
    {
        for (int i = 0; i < Slots; i++)
        {
            // A full exchange: what the last owner wrote is visible to the next.
            if (Volatile.Read(ref _slots[i]) is not null && Interlocked.Exchange(ref _slots[i], null) is { } scratch)
                return scratch;
        }
        return new EncodeScratch();
    }

    public void Return(EncodeScratch scratch)
    {
        for (int i = 0; i < Slots; i++)
        {
            if (Interlocked.CompareExchange(ref _slots[i], scratch, null) is null)
                return;
        }
    }
}
