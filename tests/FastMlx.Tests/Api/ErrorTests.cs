using System.Text.Json;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class ErrorTests
{
    [Theory]
    [InlineData(ApiErrorKind.InvalidRequest, 400, "invalid_request_error")]
    [InlineData(ApiErrorKind.Authentication, 401, "authentication_error")]
    [InlineData(ApiErrorKind.Billing, 402, "billing_error")]
    [InlineData(ApiErrorKind.Permission, 403, "permission_error")]
    [InlineData(ApiErrorKind.ModelNotFound, 404, "not_found_error")]
    [InlineData(ApiErrorKind.MethodNotAllowed, 405, "invalid_request_error")]
    [InlineData(ApiErrorKind.Conflict, 409, "conflict_error")]
    [InlineData(ApiErrorKind.TooLarge, 413, "request_too_large")]
    [InlineData(ApiErrorKind.RateLimited, 429, "rate_limit_error")]
    [InlineData(ApiErrorKind.Internal, 500, "api_error")]
    [InlineData(ApiErrorKind.Unavailable, 503, "overloaded_error")]
    [InlineData(ApiErrorKind.Timeout, 504, "timeout_error")]
    [InlineData(ApiErrorKind.Overloaded, 529, "overloaded_error")]
    public void Kinds_HaveTheContractsStatusAndType(ApiErrorKind kind, int status, string type)
    {
        var error = new ApiError(kind, "x");
        Assert.Equal((status, type), (error.Status, error.Type));
    }

    [Fact]
    public void EveryKind_WritesBothEnvelopes()
    {
        foreach (ApiErrorKind kind in Enum.GetValues<ApiErrorKind>())
        {
            var error = new ApiError(kind, "line\n\"quoted\"") { Param = "messages" };
            using var anthropic = JsonDocument.Parse(ApiBodies.Text(output => ErrorBody.WriteAnthropic(output, error, "req_9")));
            Assert.Equal("error", anthropic.RootElement.GetProperty("type").GetString());
            Assert.Equal(error.Message, anthropic.RootElement.GetProperty("error").GetProperty("message").GetString());
            Assert.Equal("req_9", anthropic.RootElement.GetProperty("request_id").GetString());
            using var openAi = JsonDocument.Parse(ApiBodies.Text(output => ErrorBody.WriteOpenAi(output, error)));
            string[] names = [.. openAi.RootElement.GetProperty("error").EnumerateObject().Select(member => member.Name)];
            Assert.Equal(["message", "type", "param", "code"], names);
        }
    }

    [Fact]
    public void Overflow_HasOpenAisSentenceAndCodeOnItsRoutes() => Assert.Equal(
        "{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. "
        + "Please reduce the length of the messages.\",\"type\":\"invalid_request_error\",\"param\":\"messages\",\"code\":\"context_length_exceeded\"}}",
        ApiBodies.Text(output => ErrorBody.WriteOpenAi(output, ApiErrors.PromptTooLong(9000, 8192))));

    [Fact]
    public void OutputCaps_AreTheSentencesThatClaudeCodeActsOn()
    {
        Assert.Equal(
            "max_tokens: 128000 > 8192, which is the maximum allowed number of output tokens for m",
            ApiErrors.MaxTokensTooLarge(128_000, 8192, "m").Message);
        Assert.Equal(
            "input length and `max_tokens` exceed context limit: 100 + 50 > 120, decrease input length or `max_tokens` and try again",
            ApiErrors.InputAndOutputTooLong(100, 50, 120).Message);
    }

    [Fact]
    public void ModelNotFound_NamesTheModelInBothWays()
    {
        ApiError error = ApiErrors.ModelNotFound("x/y");
        Assert.Equal("model: x/y", error.Message);
        Assert.Contains("'x/y'", error.OpenAiMessage, StringComparison.Ordinal);
        Assert.Equal("model_not_found", error.Code);
    }
}
