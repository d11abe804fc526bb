using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Reads messages with headers: harmony's `&lt;|channel|&gt;NAME to=RECIPIENT&lt;|message|&gt;`, Glimmer's `
/// to=RECIPIENT`. Headers are read leniently: the last channel counts, a recipient may stand before or behind it, words
/// that mean nothing are passed over.
/// </summary>
internal sealed class ChannelMachine(OutputSession session, string[] ends, CallSyntax? callBody)
{
    private const int HeaderBytesMax = 1024;
    private static readonly byte[] MessageTag = [.. "<|message|>"u8];

    private readonly OutputReader _reader = session.Reader;
    private readonly MarkerSet _markers = new(
    [
        .. ends.Append("<|start|>").Append("<|channel|>").Select(text => new Marker(text, MarkerKind.CloseThought)),
        .. session.Format.Calls,
        .. session.Format.ContentSet.Markers
            .Where(marker => marker.Kind != MarkerKind.Call && !ends.Contains(marker.Text)
                && marker.Text is not ("<|start|>" or "<|channel|>"))
            .Select(marker => new Marker(marker.Text, MarkerKind.Noise)),
    ]);

    public async Flow<bool> RunAsync(bool isThinking)
    {
        if (isThinking)
            await TextAsync(isThought: true);
        while (await _reader.Need(1))
        {
            if (!await LooksLikeHeaderAsync())
                await TextAsync(isThought: false);
            else if (await HeaderAsync() is { } header)
                await MessageAsync(header);
        }
        return true;
    }

    private async Flow<bool> MessageAsync(ChannelHeader header)
    {
        if (!header.IsCall)
            return await TextAsync(header.IsThought);
        if (callBody is not null && await session.Literals.PeekAsync() == '<')
            return await callBody.ReadAsync(session, session.Format.Calls[0]);
        session.Calls.Begin(header.Recipient);
        int next = await session.Literals.PeekAsync();
        if (next is '{' or '"')
            return await JsonCallReader.FinishAsync(session, await JsonCallReader.ReadArgumentsAsync(session));
        // Nothing, or code where an object should be.
        return await JsonCallReader.FinishAsync(session, next < 0 ? EndOfEmpty() : CallRead.Broken);
    }

    private CallRead EndOfEmpty() => session.IsTruncated ? CallRead.Cut : CallRead.Done;

    /// <summary>A message's text up to the marker that ends it.</summary>
    private async Flow<bool> TextAsync(bool isThought)
    {
        TextScanner scanner = session.Scanner;
        session.Text.Turn(isThought);
        while (true)
        {
            ScanState state = scanner.Next(_markers);
            if (state == ScanState.NeedsMore)
            {
                await _reader.Need(_reader.Length + 1);
                continue;
            }
            if (state == ScanState.End)
                return false;
            Marker marker = scanner.Marker!;
            if (marker.Kind == MarkerKind.Noise)
            {
                session.Text.Hold(_reader.Data[..scanner.SpaceBytes]);
                scanner.Consume();
            }
            else if (marker.Kind == MarkerKind.Call)
            {
                scanner.Consume();
                await marker.Syntax!.ReadAsync(session, marker);
                session.Text.Trim();
            }
            else
            {
                // A header's first tag is part of the header.
                if (ends.Contains(marker.Text))
                    scanner.Consume();
                else
                    LeaveMarker(scanner);
                return true;
            }
        }
    }

    private void LeaveMarker(TextScanner scanner)
    {
        _reader.Skip(scanner.SpaceBytes);
        scanner.Leave();
    }

    /// <summary>A header begins here, and not text that a model wrote without one.</summary>
    private async Flow<bool> LooksLikeHeaderAsync()
    {
        int next = await session.Literals.PeekAsync();
        if (next < 0)
            return true;
        var look = new LookAhead(_reader, 0);
        foreach (string begin in (string[])["<|", "to=", "assistant<|", "assistant to="])
        {
            if (await look.IsAtAsync(Encoding.UTF8.GetBytes(begin)))
                return true;
        }
        return false;
    }

    /// <summary>Consumes a header; null where it has no message, and then it is dropped.</summary>
    private async Flow<ChannelHeader?> HeaderAsync()
    {
        int from = 0;
        while (true)
        {
            int end = _reader.Data[from..].IndexOf(MessageTag);
            if (end >= 0 && from + end <= HeaderBytesMax)
            {
                end += from;
                string header = Encoding.UTF8.GetString(_reader.Data[..end]);
                _reader.Skip(end + MessageTag.Length);
                return ChannelHeader.Parse(header, ends);
            }
            from = Math.Max(0, Math.Min(HeaderBytesMax, _reader.Length) - MessageTag.Length + 1);
            if (_reader.Length > HeaderBytesMax + MessageTag.Length || !await _reader.Need(_reader.Length + 1))
            {
                await DropTagAsync();
                return null;
            }
        }
    }

    /// <summary>
    /// A header that never came to a message: its first tag and word vanish, the rest is read again as text.
    /// </summary>
    private async Flow<bool> DropTagAsync()
    {
        if (_reader.Final && _reader.Length <= HeaderBytesMax)
        {
            _reader.Skip(_reader.Length);
            return true;
        }
        int end = _reader.Data.IndexOf("|>"u8);
        _reader.Skip(end >= 0 && end < HeaderBytesMax ? end + 2 : 2);
        return await TextAsync(isThought: false);
    }
}
