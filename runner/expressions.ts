/**
 * Where templates are, for those that still look for them here.
 *
 * @module
 */

export type { Template } from "./expressions/expression.ts";
export { OPENING, parseTemplate, renderTemplate, templateText } from "./expressions/template.ts";
