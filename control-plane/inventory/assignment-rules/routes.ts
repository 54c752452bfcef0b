/** HTTP of the rules by which resources come to accounts. */
import { answers, type HttpDeps, router, valid, verb } from '../../http/index.ts'
import { page, PageQuery } from '../../http/contract.ts'
import { NewRuleChange, RuleChange, RuleList, RulePreview } from '../contract.ts'
import { changeRules, listRuleChanges, listRules, previewRuleChange } from './index.ts'

export const routes = (deps: HttpDeps) =>
  router()
    .get(
      '/assignment-rules',
      answers('Rules by which resources come to accounts, in order', RuleList, 'inventory.assign'),
      async (c) => c.json(await verb(c, deps, listRules)),
    )
    .get(
      '/assignment-rules/changes',
      answers('What was changed of them, newest first', page(RuleChange), 'inventory.assign'),
      valid('query', PageQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listRuleChanges(ctx, c.req.valid('query')))),
    )
    .post(
      '/assignment-rules/changes/preview',
      answers('Which resources a change would give to whom from when', RulePreview, 'inventory.assign', {
        repeatable: 'only reads',
      }),
      valid('json', NewRuleChange),
      async (c) => c.json(await verb(c, deps, (ctx) => previewRuleChange(ctx, c.req.valid('json')))),
    )
    .post(
      '/assignment-rules/changes',
      answers('Create, change, remove or order rules, or undo a change', RuleChange, 'inventory.assign', {
        status: 201,
      }),
      valid('json', NewRuleChange),
      async (c) => c.json(await verb(c, deps, (ctx) => changeRules(ctx, c.req.valid('json'))), 201),
    )
