using System.Text;
using FastMlx.Http;

namespace FastMlx.Tests.Http;

/// <summary>One run of the parsers over pieces of a stream, as text.</summary>
internal sealed class ParserRun(HttpLimits limits)
{
    private readonly HeadParser _parser = new(limits);
    private readonly ChunkDecoder _chunks = new(limits);
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _body = new();
    private bool _inBody;
    private bool _rejected;
    private bool _started;
    private long _left;

    public void Feed(ReadOnlySpan<byte> input)
    {
        while (!input.IsEmpty && !_rejected) input = input[(_inBody ? Body(input) : Head(input))..];
    }

    public string Finish()
    {
        if (!_rejected && (_inBody || _started)) _text.Append("needs more\n");
        return _text.ToString();
    }

    private int Head(ReadOnlySpan<byte> input)
    {
        _started = true;
        ParseStatus status = _parser.Feed(input, out int used);
        if (status == ParseStatus.NeedMore) Assert(used == input.Length);
        else if (status == ParseStatus.Rejected) Reject(_parser.Fault);
        else BeginBody();
        return used;
    }

    private void BeginBody()
    {
        RequestHead head = _parser.Head;
        HttpFault fault = HeadRules.Check(head, limits);
        if (fault.Any)
        {
            Reject(fault);
            return;
        }
        Assert(head.Path.Length > 0 && head.ContentLength <= limits.BodyBytes);
        Assert(!head.Chunked || head.ContentLength < 0);
        _body.Clear();
        _chunks.Reset();
        _left = Math.Max(0, head.ContentLength);
        _inBody = true;
        if (!head.HasBody) End();
    }

    private int Body(ReadOnlySpan<byte> input)
    {
        int used;
        if (_parser.Head.Chunked)
        {
            ParseStatus status = _chunks.Read(input, out used, out ReadOnlySpan<byte> data);
            Assert(used > 0 || status != ParseStatus.NeedMore);
            _body.Append(Encoding.Latin1.GetString(data));
            if (status == ParseStatus.Rejected) Reject(_chunks.Fault);
            else if (status == ParseStatus.Done) End();
            return used;
        }
        used = (int)Math.Min(_left, input.Length);
        _body.Append(Encoding.Latin1.GetString(input[..used]));
        _left -= used;
        if (_left == 0) End();
        return used;
    }

    private void End()
    {
        RequestHead head = _parser.Head;
        string query = head.Query.Length > 0 ? "?" + head.Query : "";
        string keep = head.KeepAlive ? "" : " close";
        string body = head.HasBody ? $" [{_body}]" : "";
        _text.Append($"{head.Method} {head.Path}{query}{keep}{body}\n");
        _parser.Reset();
        _inBody = _started = false;
    }

    private void Reject(HttpFault fault)
    {
        _text.Append("reject ").Append(fault.Status).Append(' ').Append(fault.Reason).Append('\n');
        _rejected = true;
    }

    // A broken invariant of the parsers, for tests and fuzzing alike.
    private static void Assert(bool holds)
    {
        if (!holds) throw new InvalidOperationException("A parser broke its contract.");
    }
}
