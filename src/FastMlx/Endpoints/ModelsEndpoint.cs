using FastMlx.Api;

namespace FastMlx.Endpoints;

/// <summary>GET /v1/models and /v1/models/{id}, right in both APIs.</summary>
internal static class ModelsEndpoint
{
    public static async Task ListAsync(Call call)
    {
        if (!ModelPage.TryRead(call.Exchange.Query, out ModelPage page, out ApiError? error))
        {
            await call.FailAsync(error);
            return;
        }

        IReadOnlyList<ModelEntry> entries = await call.Server.EntriesAsync();
        await call.RespondAsync(200, output => ModelsBody.WriteList(output, entries, page));
    }

    public static async Task GetAsync(Call call)
    {
        string id = Uri.UnescapeDataString(call.Tail);
        ModelEntry? entry = (await call.Server.EntriesAsync()).FirstOrDefault(e => e.Id == id);
        if (entry is null)
            await call.FailAsync(ApiErrors.ModelNotFound(id));
        else
            await call.RespondAsync(200, output => ModelsBody.WriteOne(output, entry));
    }
}
