/**
 * Names of images: `python:3.12-slim`, `registry.example.org/tools/go@sha256:…`.
 *
 * @module
 */

/** The longest name that engines take, with some room. */
const LONGEST = 512;

/**
 * Checks the name of an image: nothing else may come to stand in a build file.
 *
 * @param name What was given.
 * @returns The name.
 * @throws {TypeError} If it is no name.
 */
export function checkImageName(name: string): string {
  const isName = name.length <= LONGEST &&
    /^[a-z0-9](?:[\w.:-]|\/(?=[a-z0-9]))*(?:@[a-z0-9]+:[0-9a-f]+)?$/i.test(name);
  if (isName) return name;
  throw new TypeError(`${JSON.stringify(name)} is not the name of an image`);
}

/**
 * Gives the name that an image has at a registry that stands in for Docker Hub.
 *
 * @param name The name of the image.
 * @param registry The registry: `registry.example.org/hub`.
 * @returns The name there; the same name if the image is not from Docker Hub.
 */
export function mirrored(name: string, registry: string | undefined): string {
  if (registry === undefined) return name;
  const slash = name.indexOf("/");
  const host = slash < 0 ? undefined : name.slice(0, slash);
  const isHub = host === "docker.io" || host === "index.docker.io";
  if (!isHub && host !== undefined && /[.:]|^localhost$/.test(host)) return name;
  const rest = isHub ? name.slice(slash + 1) : name;
  const path = rest.includes("/") ? rest : `library/${rest}`;
  return `${registry.replace(/\/+$/, "")}/${path}`;
}

/**
 * Takes a name apart for the engine.
 *
 * @param name The name of an image.
 * @returns The part before the tag or digest, and the tag or digest; `latest` where there is none.
 */
export function splitImageName(
  name: string,
): { readonly repository: string; readonly tag: string } {
  const at = name.indexOf("@");
  if (at >= 0) {
    const repository = name.slice(0, at).replace(/:[^:/]*$/, "");
    return { repository, tag: name.slice(at + 1) };
  }
  const colon = name.lastIndexOf(":");
  if (colon <= name.lastIndexOf("/")) return { repository: name, tag: "latest" };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/**
 * Gives the last word of a name: `python` of `docker.io/library/python:3.12-slim`.
 *
 * @param name The name of an image.
 * @returns The word, in small letters.
 */
export function shortName(name: string): string {
  const { repository } = splitImageName(name);
  return repository.slice(repository.lastIndexOf("/") + 1).toLowerCase();
}
