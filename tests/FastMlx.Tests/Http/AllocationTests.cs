using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class AllocationTests
{
    /// <summary>A token's way from the event's bytes to the kernel must not allocate: 10,000 events, 0 bytes.</summary>
    [Fact]
    public async Task EventStream_AllocatesNothingPerEvent()
    {
        const int Warm = 200, Count = 10_000, Most = 1_000_000;
        long bytes = 0;
        int measured = 0;
        await using var server = new TestServer(async exchange =>
        {
            await using EventStream events = await exchange.BeginEventsAsync();
            for (int i = 0; measured < Count && i < Most; i++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                "data: {\"type\":\"content_block_delta\"}\n\n"u8.CopyTo(events.GetSpan(64));
                events.Advance(38);
                events.EndEvent();
                ValueTask flush = events.FlushAsync();
                if (flush.IsCompletedSuccessfully)
                {
                    // Only a send that the kernel took at once stays on this thread and can be counted.
                    long after = GC.GetAllocatedBytesForCurrentThread();
                    if (i >= Warm) (bytes, measured) = (bytes + after - before, measured + 1);
                }
                await flush;
            }
        });
        using TestClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        byte[] block = new byte[64 * 1024];
        long received = 0;
        for (int got = 1; got > 0; received += got) got = await client.Socket.ReceiveAsync(block);
        Assert.True(received > Count * 38);
        Assert.Equal((Count, 0L), (measured, bytes));
    }
}
