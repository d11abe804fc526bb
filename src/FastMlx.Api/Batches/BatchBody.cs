using System.Buffers;

namespace FastMlx.Api;

/// <summary>Answers of the batch routes, and the lines of a batch's results.</summary>
public static class BatchBody
{
    /// <param name="output">Where to write.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="baseUrl">Scheme and authority of this server, as the client knows it.</param>
    public static void WriteOne(IBufferWriter<byte> output, BatchInfo batch, string baseUrl)
    {
        bool hasEnded = batch.Status == BatchStatus.Ended;
        output.Raw("{\"id\":"u8).Text(batch.Id)
            .Raw(",\"type\":\"message_batch\",\"processing_status\":\""u8).Raw(Name(batch.Status))
            .Raw("\",\"request_counts\":{\"processing\":"u8).Number(hasEnded ? 0 : batch.RequestCount)
            .Raw(",\"succeeded\":"u8).Number(hasEnded ? batch.Succeeded : 0)
            .Raw(",\"errored\":"u8).Number(hasEnded ? batch.Errored : 0)
            .Raw(",\"canceled\":"u8).Number(hasEnded ? batch.Canceled : 0)
            .Raw(",\"expired\":"u8).Number(hasEnded ? batch.Expired : 0)
            .Raw("},\"created_at\":"u8).Text(Time(batch.CreatedAt))
            .Raw(",\"expires_at\":"u8).Text(Time(batch.ExpiresAt))
            .Raw(",\"ended_at\":"u8).Text(Time(batch.EndedAt))
            .Raw(",\"cancel_initiated_at\":"u8).Text(Time(batch.CancelInitiatedAt))
            .Raw(",\"archived_at\":null,\"results_url\":"u8)
            .Text(hasEnded ? $"{baseUrl}/v1/messages/batches/{batch.Id}/results" : null)
            .Raw("}"u8);
    }

    /// <summary>A page of batches, the newest first as given.</summary>
    public static void WriteList(IBufferWriter<byte> output, IReadOnlyList<BatchInfo> all, in ModelPage page,
        string baseUrl)
    {
        IReadOnlyList<BatchInfo> batches = page.Cut(all, batch => batch.Id, out bool hasMore);
        output.Raw("{\"data\":["u8);
        for (int i = 0; i < batches.Count; i++)
        {
            if (i > 0)
                output.Raw(","u8);
            WriteOne(output, batches[i], baseUrl);
        }
        output.Raw("],\"has_more\":"u8).Boolean(hasMore)
            .Raw(",\"first_id\":"u8).Text(batches.Count > 0 ? batches[0].Id : null)
            .Raw(",\"last_id\":"u8).Text(batches.Count > 0 ? batches[^1].Id : null)
            .Raw("}"u8);
    }

    public static void WriteDeleted(IBufferWriter<byte> output, string id) =>
        output.Raw("{\"id\":"u8).Text(id).Raw(",\"type\":\"message_batch_deleted\"}"u8);

    /// <param name="output">Where to write one line.</param>
    /// <param name="customId">The request's.</param>
    /// <param name="message">What <see cref="MessageBuilder.Finish"/> wrote.</param>
    public static void WriteSucceeded(IBufferWriter<byte> output, string customId, ReadOnlySpan<byte> message)
    {
        BeginLine(output, customId, "succeeded"u8);
        output.Raw(",\"message\":"u8).Json(message).Raw("}}\n"u8);
    }

    public static void WriteErrored(IBufferWriter<byte> output, string customId, ApiError error, string requestId)
    {
        BeginLine(output, customId, "errored"u8);
        output.Raw(",\"error\":"u8);
        ErrorBody.WriteAnthropic(output, error, requestId);
        output.Raw("}}\n"u8);
    }

    public static void WriteCanceled(IBufferWriter<byte> output, string customId)
    {
        BeginLine(output, customId, "canceled"u8);
        output.Raw("}}\n"u8);
    }

    public static void WriteExpired(IBufferWriter<byte> output, string customId)
    {
        BeginLine(output, customId, "expired"u8);
        output.Raw("}}\n"u8);
    }

    private static void BeginLine(IBufferWriter<byte> output, string customId, ReadOnlySpan<byte> type) =>
        output.Raw("{\"custom_id\":"u8).Text(customId).Raw(",\"result\":{\"type\":\""u8).Raw(type).Raw("\""u8);

    private static ReadOnlySpan<byte> Name(BatchStatus status) => status switch
    {
        BatchStatus.Canceling => "canceling"u8,
        BatchStatus.Ended => "ended"u8,
        _ => "in_progress"u8,
    };

    private static string? Time(DateTimeOffset? time) => time is { } known ? ModelsBody.Rfc3339(known) : null;
}
