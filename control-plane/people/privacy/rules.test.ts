import { expect, test } from 'vitest'
import { permissionsOf, type Role } from '../../base/roles.ts'
import { obstacleOf } from './rules.ts'

const account = { id: 'a', name: 'Customer' }
const place = (role: Role, shared = true) => ({
  role,
  custom_role: null,
  account: role.startsWith('tenant') ? account : null,
  shared,
})
const by = (role: Role) => permissionsOf(role, null)

test('the last owner of anything stays, and the remedy is told with the account', () => {
  expect(obstacleOf([place('owner', false)], by('owner'))).toEqual({ code: 'last_owner', account: null })
  expect(obstacleOf([place('support'), place('tenant_owner', false)], by('owner'))).toEqual({
    code: 'last_tenant_owner',
    account,
  })
  expect(obstacleOf([place('owner'), place('tenant_owner')], by('owner'))).toBeNull()
  expect(obstacleOf([place('administrator', false), place('tenant_member', false)], by('owner'))).toBeNull()
  expect(obstacleOf([], by('administrator'))).toBeNull()
})

test('nobody erases who may do more than himself; to himself that does not matter', () => {
  expect(obstacleOf([place('owner')], by('administrator'))).toEqual({ code: 'may_do_more', account: null })
  expect(obstacleOf([place('administrator')], by('administrator'))).toBeNull()
  const custom = {
    ...place('read_only'),
    custom_role: { id: 'c', name: 'All', permissions: ['installation.write'] as const },
  }
  expect(obstacleOf([custom], by('administrator'))?.code).toBe('may_do_more')
  expect(obstacleOf([custom], null)).toBeNull()
  expect(obstacleOf([place('owner', false)], null)?.code).toBe('last_owner')
})
