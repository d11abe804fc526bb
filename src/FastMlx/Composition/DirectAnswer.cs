using System.Text;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Composition.Models;
using FastMlx.Endpoints;

namespace FastMlx.Composition;

/// <summary>
/// Answers with a fixed text where a model could not help, such as a web search that this server has not.
/// </summary>
internal static class DirectAnswer
{
    public static async Task SendAsync(Call call, ChatRequest chat, ReplyForm form, string text)
    {
        ChatPrompt? prompt = null;
        (ModelText? model, ApiError? error) = await Admission.TextAsync(call.Server, chat.Model);
        error ??= Admission.TryBuild(model!, chat, out prompt);
        if (error is not null)
        {
            await call.FailAsync(error);
            return;
        }

        int promptTokens = prompt!.Tokens.Length;
        using var memory = new AnswerMemory(call.Server.Ids);
        if (form.IsStream)
        {
            await call.StreamAsync(async stream =>
            {
                IReply reply = form.Stream(stream, memory);
                Write(reply, text, promptTokens);
                await reply.FlushAsync();
            });
            return;
        }

        IWholeReply whole = form.Whole(memory);
        Write(whole, text, promptTokens);
        await call.RespondAsync(200, whole.Body);
    }

    public static void Write(IReply reply, string text, int promptTokens)
    {
        ReplyUsage usage = ReplyUsage.OfPrompt(promptTokens, cachedTokens: 0, marksCache: false);
        reply.Start(usage);
        reply.Sink.Text(Encoding.UTF8.GetBytes(text));
        // Nobody sampled these; one token a word is what a client's display can bear.
        int words = text.AsSpan().Count(' ') + 1;
        reply.Finish(StopReason.EndTurn, null, usage.WithOutput(words, 0));
    }
}
