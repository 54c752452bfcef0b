/** HTTP of promotions. */
import { z } from 'zod'
import { page } from '../http/contract.ts'
import { answers, ById, csvAnswer, type HttpDeps, router, transactAs, valid, verb, verbAfter } from '../http/index.ts'
import { Coupon, CouponChange, CouponQuery, NewCoupon, NewRedemption, Redemption } from './contract.ts'
import {
  changeCoupon,
  countGuess,
  couponsCsv,
  createCoupon,
  listCoupons,
  listRedemptions,
  redeem,
  redemptionsOf,
} from './index.ts'

const Redemptions = z.object({ items: z.array(Redemption) })

export const routes = (deps: HttpDeps) => {
  /** codes are nobody's own: the program looks them up, for an account that the caller reaches */
  const asProgram = { ...deps, tenants: deps.db }
  return router()
    .get(
      '/coupons',
      answers('Coupons, newest first', page(Coupon), 'catalog.read'),
      valid('query', CouponQuery),
      async (c) => c.json(await verb(c, deps, (ctx) => listCoupons(ctx, c.req.valid('query')))),
    )
    .get('/coupons.csv', answers('All coupons as CSV', z.string(), 'catalog.read', { media: 'text/csv' }), async (c) =>
      csvAnswer(await verb(c, deps, couponsCsv), 'coupons'),
    )
    .post(
      '/coupons',
      answers('Make a coupon', Coupon, 'catalog.write', { status: 201 }),
      valid('json', NewCoupon),
      async (c) => c.json(await verb(c, deps, (ctx) => createCoupon(ctx, c.req.valid('json'))), 201),
    )
    .patch(
      '/coupons/:id',
      answers('Pause a coupon, or let it go on', Coupon, 'catalog.write'),
      valid('param', ById),
      valid('json', CouponChange),
      async (c) =>
        c.json(await verb(c, deps, (ctx) => changeCoupon(ctx, c.req.valid('param').id, c.req.valid('json')))),
    )
    .get(
      '/coupons/:id/redemptions',
      answers('Who has redeemed a coupon', Redemptions, 'catalog.read'),
      valid('param', ById),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => redemptionsOf(ctx, c.req.valid('param').id)) }),
    )
    .get(
      '/accounts/:id/redemptions',
      answers('What an account has redeemed', Redemptions, 'billing.read'),
      valid('param', ById),
      async (c) => c.json({ items: await verb(c, deps, (ctx) => listRedemptions(ctx, c.req.valid('param').id)) }),
    )
    .post(
      '/accounts/:id/redemptions',
      answers('Redeem a code', Redemption, 'accounts.write', { status: 201 }),
      valid('param', ById),
      valid('json', NewRedemption),
      async (c) => {
        const [{ id }, input] = [c.req.valid('param'), c.req.valid('json')]
        const counted = () => transactAs(asProgram, c.get('actor'), (ctx) => countGuess(ctx, id, input.code))
        return c.json(await verbAfter(c, asProgram, counted, (ctx) => redeem(ctx, id, input)), 201)
      },
    )
}
