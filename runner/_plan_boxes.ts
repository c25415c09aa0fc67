/**
 * The containers of a plan for people: what they are made of, what they may take, and which files of
 * the tree commands find in them.
 *
 * @module
 */

import { runtimeName } from "../backends/docker/runtimes.ts";
import { BOX_DEFAULTS } from "./_box_defaults.ts";
import { engineName } from "./_compile_engine.ts";
import { limitText } from "./_compile_shell.ts";
import { durationText } from "./_durations.ts";
import type { Plan, PlanBox } from "./plan.ts";
import type { Style } from "./_style.ts";
import { tableLines } from "./_table.ts";
import { printable } from "./_width.ts";

/**
 * @param plan The plan.
 * @param near Shows a path of the host.
 * @param style Colours.
 * @returns A section for each container.
 */
export function boxSections(
  plan: Pick<Plan, "backends" | "engine" | "shell">,
  near: (path: string) => string,
  style: Style,
): readonly (readonly string[])[] {
  return plan.backends.flatMap((backend) => {
    if (backend.type !== "docker") return [];
    const { name, box } = backend;
    const rows = [
      ...imageRows(box),
      ["user", box.user ?? BOX_DEFAULTS.user],
      ["network", box.network === "bridge" ? "bridge: any host may be reached" : "none"],
      ["may take", amountText(box)],
      ...variableRows(box),
      ["its files", filesText(box)],
      ...Object.entries(box.volumes ?? {}).map(([prefix, volume], index) => [
        index === 0 ? "volumes" : "",
        `${prefix} is "${volume}", which stays`,
      ]),
      ...(box.mounts ?? []).map(({ prefix, directory, access }, index) => [
        index === 0 ? "mounted" : "",
        `${prefix} is ${near(directory)}, ${access}`,
      ]),
      ...(box.staged === undefined
        ? []
        : [["brought", `${box.staged.join(", ")} before each command, and fetched after it`]]),
      ...(plan.engine === undefined ? [] : [["engine", engineName(plan.engine)]]),
    ];
    return [[
      style.bold(`Container ${printable(name)}`),
      ...tableLines(rows, { paint: style.dim }),
    ]];
  });
}

function imageRows(box: PlanBox): readonly (readonly string[])[] {
  const { image, runtime, packages = [], setup = [], sources = {}, platform } = box;
  const on = platform === undefined ? "" : `, for ${platform}`;
  if (runtime === undefined) return [["image", `${image ?? "none"}, as it is${on}`]];
  const name = runtimeName(runtime);
  const installed = [...runtime.packages ?? [], ...packages];
  const commands = [...runtime.setup ?? [], ...setup];
  const { base = runtime.base, registry, network } = sources;
  return [
    ["image", `built from ${base}${name === undefined ? "" : `, for ${name}`}${on}`],
    ...(installed.length === 0
      ? []
      : [["packages", `${installed.join(" ")}, by ${runtime.manager ?? "nobody"}`]]),
    ...commands.map((command, index) => [index === 0 ? "then" : "", command]),
    ...(registry === undefined ? [] : [["registry", registry]]),
    ...(network === undefined ? [] : [["built with", `network ${network}`]]),
  ];
}

function amountText(box: PlanBox): string {
  const { memoryBytes, processes } = { ...BOX_DEFAULTS, ...box };
  const { cpus, idleMilliseconds: idle, hardMilliseconds: hard } = box;
  return [
    `memory ${limitText("memoryBytes", memoryBytes ?? BOX_DEFAULTS.memoryBytes)}`,
    `processes ${processes ?? BOX_DEFAULTS.processes}`,
    cpus === undefined ? "all processors" : `processors ${cpus}`,
    ...(idle === undefined ? [] : [`stopped after ${durationText(idle)} without use`]),
    ...(hard === undefined ? [] : [`ended after ${durationText(hard)}`]),
  ].join(", ");
}

function variableRows({ env = {}, runtime }: PlanBox): readonly (readonly string[])[] {
  const names = Object.keys({ ...runtime?.env, ...env });
  return names.length === 0 ? [] : [["variables", names.join(" ")]];
}

function filesText(box: PlanBox): string {
  const { name, readOnly, workdir = box.runtime?.workdir ?? BOX_DEFAULTS.workdir } = box;
  const kept = name === undefined
    ? "removed when the run ends"
    : `kept from run to run, as "${name}"`;
  return readOnly === true ? `${kept}; only ${workdir} and /tmp can be changed` : kept;
}
