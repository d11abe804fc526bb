using System.Buffers;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Composition.Models;
using FastMlx.Engine;

namespace FastMlx.Composition.Batches;

/// <summary>Runs a batch's requests on the same engine as all others, behind them.</summary>
internal sealed class BatchRunner(Server server)
{
    /// <summary>Requests of a batch at once: they share steps, and leave most of the queue to people.</summary>
    private const int Together = 4;

    private static readonly TimeSpan BusyWait = TimeSpan.FromSeconds(1);

    /// <summary>Runs what has no result yet; returns when the batch has ended.</summary>
    /// <exception cref="OperationCanceledException">The server stops; the batch goes on at its next start.</exception>
    public async Task RunAsync(Batch batch, CancellationToken stopping)
    {
        await using (FileStream results = batch.Folder.OpenResults())
        {
            List<BatchRequest> pending = batch.Folder.LoadPending();
            using var writing = new SemaphoreSlim(1);
            var options = new ParallelOptions { MaxDegreeOfParallelism = Together, CancellationToken = stopping };
            await Parallel.ForEachAsync(pending, options, async (request, cancellation) =>
            {
                byte[] line = await LineAsync(batch, request, cancellation);
                await writing.WaitAsync(cancellation);
                try
                {
                    // One write a line; what a crash cuts is no line.
                    await results.WriteAsync(line, CancellationToken.None);
                    await results.FlushAsync(CancellationToken.None);
                }
                finally
                {
                    writing.Release();
                }
            });
        }

        batch.End(server.Time.GetUtcNow());
    }

    private async Task<byte[]> LineAsync(Batch batch, BatchRequest request, CancellationToken stopping)
    {
        var line = new ArrayBufferWriter<byte>(1024);
        if (batch.Info.Status == BatchStatus.Canceling)
        {
            BatchBody.WriteCanceled(line, request.CustomId);
        }
        else if (server.Time.GetUtcNow() >= batch.Info.ExpiresAt)
        {
            BatchBody.WriteExpired(line, request.CustomId);
        }
        else
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, batch.Cancelled);
            try
            {
                await AnswerAsync(request, line, ended.Token);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                line.Clear();
                BatchBody.WriteCanceled(line, request.CustomId);
            }
        }

        return line.WrittenSpan.ToArray();
    }

    private async Task AnswerAsync(BatchRequest request, ArrayBufferWriter<byte> line, CancellationToken cancellation)
    {
        string requestId = server.Ids.Request();
        if (!MessagesReader.TryRead(request.Params, server.Reader, out MessagesRequest? message, out ApiError? error))
        {
            BatchBody.WriteErrored(line, request.CustomId, error, requestId);
            return;
        }

        using var memory = new AnswerMemory(server.Ids);
        var reply = new MessagesWholeReply(server.Ids, message.ReplyOptions with
        {
            ToolCallStarted = memory.AddCall,
            Signature = memory.Sign,
        });
        error = message.DirectAnswer is { } text
            ? await AnswerDirectlyAsync(message.Chat, reply, text)
            : await RunAsync(requestId, message, reply, memory, cancellation);
        if (error is null)
            BatchBody.WriteSucceeded(line, request.CustomId, reply.Body.Span);
        else
            BatchBody.WriteErrored(line, request.CustomId, error, requestId);
    }

    private async Task<ApiError?> AnswerDirectlyAsync(ChatRequest chat, MessagesWholeReply reply, string text)
    {
        ChatPrompt? prompt = null;
        (ModelText? model, ApiError? error) = await Admission.TextAsync(server, chat.Model);
        error ??= Admission.TryBuild(model!, chat, out prompt);
        if (error is null)
            DirectAnswer.Write(reply, text, prompt!.Tokens.Length);
        return error;
    }

    private async Task<ApiError?> RunAsync(
        string requestId,
        MessagesRequest message,
        MessagesWholeReply reply,
        AnswerMemory memory,
        CancellationToken cancellation)
    {
        var request = new AnswerRequest(message.Chat)
        {
            MarksCache = message.MarksCache,
            Lane = Lane.Batch,
            Session = message.SessionId,
            RemovedTools = message.RemovedTools,
            IsStrict = server.Options.Strict,
        };
        while (true)
        {
            ApiError? error = await TryRunAsync(requestId, request, reply, memory, cancellation);
            // Full or stopping is a state of the server, not this request's result.
            if (error?.Kind is not (ApiErrorKind.Overloaded or ApiErrorKind.Unavailable))
                return error ?? reply.Error;
            await Task.Delay(BusyWait, server.Time, cancellation);
        }
    }

    /// <summary>Null where it ran to an end, good or bad; else why it did not begin.</summary>
    private async Task<ApiError?> TryRunAsync(
        string requestId,
        AnswerRequest request,
        MessagesWholeReply reply,
        AnswerMemory memory,
        CancellationToken cancellation)
    {
        (PreparedAnswer? answer, ApiError? error) = await Admission.PrepareAsync(server, request);
        if (error is not null)
            return error;
        (ModelLease<LoadedModel>? lease, error) = await Admission.RentAsync(server, answer!.Model, cancellation);
        using (lease)
        {
            AnswerJob? job = null;
            error ??= answer.TryStart(lease!.Model, out job);
            if (error is not null)
                return error;
            using RequestTrace? trace = RequestTrace.Begin(server, requestId, answer.Text, answer.Prompt);
            await AnswerRun.RunAsync(server, requestId, job!, reply, memory, trace, cancellation);
            trace?.KeepBody(reply.Body);
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }
}
