using FastMlx.Api;

namespace FastMlx.Endpoints;

/// <summary>POST /v1/embeddings: a clear error, since only generative models are loaded here.</summary>
internal static class EmbeddingsEndpoint
{
    public static Task CreateAsync(Call call) =>
        call.FailAsync(ApiErrors.NoEmbeddings(call.Server.Models.Main.Name)).AsTask();
}
