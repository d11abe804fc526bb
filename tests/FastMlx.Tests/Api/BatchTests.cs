using System.Buffers;
using System.Text;
using System.Text.Json;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class BatchTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Create_KeepsTheParamsAsTheyStand()
    {
        IReadOnlyList<BatchRequest> requests = Read(
            "{\"requests\":[{\"custom_id\":\"a\",\"params\":{\"x\": 1.0, \"model\":\"m\"}},{\"params\":{},\"extra\":[1,{}],\"custom_id\":\"b-2\"}],"
                + "\"more\":{}}");
        Assert.Equal(["a", "b-2"], requests.Select(request => request.CustomId));
        Assert.Equal("{\"x\": 1.0, \"model\":\"m\"}", Encoding.UTF8.GetString(requests[0].Params.Span));
    }

    [Theory]
    [InlineData("{}", "requests: Field required")]
    [InlineData("[]", "Input should be a valid dictionary or object to extract fields from")]
    [InlineData("{\"requests\":[]}", "requests: at least one request is required")]
    [InlineData("{\"requests\":{}}", "requests: Input should be a valid list")]
    [InlineData("{\"requests\":[1]}", "requests.0: Input should be a valid dictionary")]
    [InlineData("{\"requests\":[{\"params\":{}}]}", "requests.0.custom_id: Field required")]
    [InlineData("{\"requests\":[{\"custom_id\":\"a b\",\"params\":{}}]}", "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")]
    [InlineData("{\"requests\":[{\"custom_id\":\"a\"}]}", "requests.0.params: Field required")]
    [InlineData("{\"requests\":[{\"custom_id\":\"a\",\"params\":[]}]}", "requests.0.params: Input should be a valid dictionary")]
    [InlineData("{\"requests\":[{\"custom_id\":\"a\",\"params\":{}},{\"custom_id\":\"a\",\"params\":{}}]}", "requests: custom_id must be unique within a b"
        + "atch: a")]
    [InlineData("{\"requests\":[", "The request body is not valid JSON")]
    [InlineData("{\"requests\":[{\"custom_id\":\"a\",\"params\":{}}]}]", "The request body is not valid JSON")]
    [InlineData("", "The request body is not valid JSON")]
    public void Create_RefusesWhatIsWrong(string body, string message)
    {
        Assert.False(BatchReader.TryRead(Encoding.UTF8.GetBytes(body), ReaderOptions.Default, out _, out ApiError? error));
        Assert.Equal(400, error.Status);
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_ManyRequests_IsLinear()
    {
        var body = new StringBuilder("{\"requests\":[");
        for (int i = 0; i < 100_000; i++)
            body.Append(i == 0 ? "" : ",").Append("{\"custom_id\":\"r").Append(i).Append("\",\"params\":{\"model\":\"m\"}}");
        Assert.Equal(100_000, Read(body + "]}").Count);
        Assert.False(BatchReader.TryRead(
            Encoding.UTF8.GetBytes(body + ",{\"custom_id\":\"last\",\"params\":{}}]}"), ReaderOptions.Default, out _, out _));
    }

    [Fact]
    public void Info_CountsAreInProcessingUntilTheEnd()
    {
        var running = new BatchInfo
        {
            Id = "msgbatch_1",
            Status = BatchStatus.InProgress,
            CreatedAt = Start,
            ExpiresAt = Start.AddDays(1),
            RequestCount = 3,
            Succeeded = 2,
        };
        Assert.Equal(
            "{\"id\":\"msgbatch_1\",\"type\":\"message_batch\",\"processing_status\":\"in_progress\",\"request_counts\":{\"processing\":3,"
            + "\"succeeded\":0,\"errored\":0,\"canceled\":0,\"expired\":0},\"created_at\":\"2026-11-24T12:00:00Z\",\"expires_at\":\"2026-11-25T12:00:00Z\","
            + "\"ended_at\":null,\"cancel_initiated_at\":null,\"archived_at\":null,\"results_url\":null}",
            ApiBodies.Text(output => BatchBody.WriteOne(output, running, "http://h:1")));
        BatchInfo ended = running with { Status = BatchStatus.Ended, EndedAt = Start.AddHours(1), Errored = 1 };
        using var document = JsonDocument.Parse(ApiBodies.Text(output => BatchBody.WriteOne(output, ended, "http://h:1")));
        Assert.Equal("http://h:1/v1/messages/batches/msgbatch_1/results", document.RootElement.GetProperty("results_url").GetString());
        Assert.Equal(0, document.RootElement.GetProperty("request_counts").GetProperty("processing").GetInt32());
        Assert.Equal(2, document.RootElement.GetProperty("request_counts").GetProperty("succeeded").GetInt32());
    }

    [Fact]
    public void List_HasTheModelsPages()
    {
        BatchInfo[] all = [.. Enumerable.Range(0, 3).Select(i => new BatchInfo
        {
            Id = $"msgbatch_{i}", Status = BatchStatus.Canceling, CreatedAt = Start, ExpiresAt = Start, RequestCount = 1,
        })];
        using var list = JsonDocument.Parse(ApiBodies.Text(output => BatchBody.WriteList(output, all, new ModelPage(2, null, null), "")));
        Assert.Equal(2, list.RootElement.GetProperty("data").GetArrayLength());
        Assert.True(list.RootElement.GetProperty("has_more").GetBoolean());
        Assert.Equal("msgbatch_1", list.RootElement.GetProperty("last_id").GetString());
    }

    [Fact]
    public void Results_AreOneLineEach()
    {
        var builder = new MessageBuilder(new IdSource(1), new ReplyOptions { Model = "m" });
        builder.ToolCallBegin("a", null);
        builder.ToolCallArguments("{\n  \"x\": \"line\\nbreak\"\r\n}"u8);
        builder.ToolCallEnd();
        var message = new ArrayBufferWriter<byte>();
        builder.Finish(message, StopReason.EndTurn, null, new ReplyUsage(1, 0, 0, 1, 0));
        string lines = ApiBodies.Text(output =>
        {
            BatchBody.WriteSucceeded(output, "a", message.WrittenSpan);
            BatchBody.WriteErrored(output, "b", ApiErrors.Invalid("x"), "req_1");
            BatchBody.WriteCanceled(output, "c");
            BatchBody.WriteExpired(output, "d");
        });
        string[] results = lines.TrimEnd('\n').Split('\n');
        Assert.Equal(["succeeded", "errored", "canceled", "expired"], results.Select(line =>
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.GetProperty("result").GetProperty("type").GetString()!;
        }));
        using var first = JsonDocument.Parse(results[0]);
        JsonElement input = first.RootElement.GetProperty("result").GetProperty("message").GetProperty("content")[0].GetProperty("input");
        Assert.Equal("line\nbreak", input.GetProperty("x").GetString());
    }

    [Fact]
    public void Deleted_NamesTheBatch() => Assert.Equal(
        "{\"id\":\"msgbatch_1\",\"type\":\"message_batch_deleted\"}", ApiBodies.Text(output => BatchBody.WriteDeleted(output, "msgbatch_1")));

    private static IReadOnlyList<BatchRequest> Read(string body)
    {
        Assert.True(BatchReader.TryRead(Encoding.UTF8.GetBytes(body), ReaderOptions.Default, out var requests, out ApiError? error), error?.Message);
        return requests;
    }
}
