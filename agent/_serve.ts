/**
 * The agent process behind its channel: it keeps the models, the memory files and the conversations,
 * and carries out the steps that the runner asks for.
 *
 * @module
 */

import type { Call, Channel } from "../backends/channel.ts";
import { observeBackend } from "../backends/observe.ts";
import type { Backend } from "../backends/protocol.ts";
import { serveBackends } from "../backends/remote.ts";
import type { StateBackend } from "../backends/state.ts";
import { runCommand } from "./_commands.ts";
import { judge } from "./_judge.ts";
import { maskedMessage } from "./masked_message.ts";
import {
  approvalResult,
  checkpoint,
  commandParams,
  judgeParams,
  readParams,
  startParams,
  stepEndParams,
  stepParams,
} from "./_params.ts";
import { Session } from "./_session.ts";
import { Steps } from "./_steps.ts";
import { makeTemporaryDirectory } from "./_temporary.ts";
import { composeTree } from "./_tree.ts";
import {
  AGENT_PROCESS,
  type ApprovalParams,
  type EventNotice,
  LENT_TREE,
  type StartParams,
  type StartResult,
} from "./process.ts";
import { hiddenTexts, SecretMask } from "./secrets.ts";

/** The name under which commands that are interpreted elsewhere reach the whole tree. */
const WHOLE_TREE = "/";

/** A started agent. */
interface Started {
  readonly session: Session;
  readonly steps: Steps;
}

/**
 * Answers the runner's requests on a channel, as `agent/process.ts` describes them.
 *
 * @param channel The channel to the runner. Nothing was asked over it yet.
 * @returns Hides the run's secrets and the model's key in a text: for whatever else leaves the process.
 */
export function serveAgent(channel: Channel): (text: string) => string {
  let mask = new SecretMask([]);
  let agent: Promise<Started> | undefined;
  let served: () => Backend | undefined = () => undefined;
  let lent: (step: string) => Backend | undefined = () => undefined;
  const states = new Map<string, StateBackend>();
  serveBackends(channel, (name) => {
    if (name === WHOLE_TREE) return served();
    return name.startsWith(LENT_TREE) ? lent(name.slice(LENT_TREE.length)) : states.get(name);
  });

  const handle = (method: string, answer: (call: Call) => Promise<unknown>) =>
    channel.handle(method, async (call) => {
      try {
        return { value: maskedMessage(mask, await answer(call)) };
      } catch (error) {
        if (error instanceof Error) error.message = mask.text(error.message);
        throw error;
      }
    });
  const started = (): Promise<Started> => {
    if (agent === undefined) throw new TypeError(`'${AGENT_PROCESS.start}' must come first`);
    return agent;
  };
  const notify = (notice: EventNotice) =>
    channel.notify(AGENT_PROCESS.event, maskedMessage(mask, notice));
  const approve = async (question: ApprovalParams, signal: AbortSignal) => {
    const asked = maskedMessage(mask, question);
    const { value } = await channel.request(AGENT_PROCESS.approve, asked, { signal });
    return readParams(AGENT_PROCESS.approve, approvalResult, value);
  };
  const begin = async (start: StartParams, tree: Backend): Promise<Started> => {
    await makeTemporaryDirectory(start, states);
    const session = new Session({ start, tree, channel, mask, notify, approve });
    return { session, steps: new Steps(session) };
  };

  handle(AGENT_PROCESS.start, async ({ params }) => {
    if (agent !== undefined) throw new TypeError(`'${AGENT_PROCESS.start}' comes only once`);
    const start = readParams(AGENT_PROCESS.start, startParams, params);
    const key = start.model.type === "openai" ? start.model.apiKey : undefined;
    mask = new SecretMask(hiddenTexts(start.secrets ?? [], key));
    agent = begin(start, composeTree(start, channel, states));
    const { workplaces } = (await agent).session;
    served = () => workplaces.served;
    lent = (step) =>
      observeBackend(
        workplaces.tree,
        (change) => notify({ step, event: { type: "file.changed", ...change } }),
      );
    const result: StartResult = { tools: [...workplaces.tools.keys()] };
    return result;
  });
  handle(AGENT_PROCESS.step, async ({ params, signal }) => {
    const step = readParams(AGENT_PROCESS.step, stepParams, params);
    return await (await started()).steps.run(step, signal);
  });
  handle(AGENT_PROCESS.execute, async ({ params, signal }) => {
    const command = readParams(AGENT_PROCESS.execute, commandParams, params);
    return await runCommand((await started()).session, command, signal);
  });
  handle(AGENT_PROCESS.judge, async ({ params, signal }) => {
    const question = readParams(AGENT_PROCESS.judge, judgeParams, params);
    return await judge((await started()).session, question, signal);
  });
  handle(AGENT_PROCESS.stepEnd, async ({ params }) => {
    const step = readParams(AGENT_PROCESS.stepEnd, stepEndParams, params);
    return (await started()).steps.end(step);
  });
  handle(AGENT_PROCESS.checkpoint, async () => (await started()).steps.checkpoint());
  handle(AGENT_PROCESS.restore, async ({ params }) => {
    (await started()).steps.restore(readParams(AGENT_PROCESS.restore, checkpoint, params));
  });
  return (text) => mask.text(text);
}
