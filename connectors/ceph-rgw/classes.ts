/** Which class of request each category of radosgw's usage log is: by the names of its operations, up to release 20. */

export const CLASSES = ['list', 'read', 'write', 'delete', 'other'] as const
export type RequestClass = (typeof CLASSES)[number]

const NAMES: Readonly<Record<Exclude<RequestClass, 'other'>, string>> = {
  list: `list_buckets list_bucket list_bucket_multiparts list_multipart list_roles list_role_policies list_role_tags
    list_user_policies list_oidc_providers pubsub_topics_list pubsub_notifications_list`,
  read: `get_obj get_obj_layout get_obj_tags get_obj_retention get_obj_legal_hold get_obj_attrs get_acls get_cors get_lifecycle
    get_request_payment get_bucket_location get_bucket_logging get_bucket_versioning get_bucket_website get_bucket_policy
    get_bucket_policy_status get_bucket_tags get_bucket_object_lock get_bucket_public_access_block get_bucket_replication
    get_bucket_encryption get_bucket_meta_search get_bucket_ownership_controls get_self_usage get_role get_role_policy get_user_policy
    get_oidc_provider stat_account stat_bucket select_obj pubsub_topic_get pubsub_notifications_get_s3 options_cors
    get_cross_domain_policy get_health_check get_info`,
  write: `put_obj post_obj copy_obj init_multipart complete_multipart create_bucket put_acls put_cors put_lifecycle put_obj_tags
    put_obj_retention put_obj_legal_hold put_account_metadata put_bucket_metadata put_obj_metadata set_request_payment
    set_bucket_versioning set_bucket_website put_bucket_policy put_bucket_tags put_bucket_object_lock
    put_bucket_public_access_block put_bucket_replication put_bucket_encryption put_bucket_logging put_bucket_ownership_controls
    bulk_upload set_attrs restore_obj config_bucket_meta_search create_role update_role modify_role put_role_policy put_user_policy
    create_oidc_provider tag_role pubsub_topic_create pubsub_topic_set pubsub_notification_create pubsub_notification_create_s3
    assume_role assume_role_web_identity get_session_token`,
  delete: `delete_obj multi_object_delete bulk_delete abort_multipart delete_bucket delete_bucket_website delete_bucket_policy
    delete_bucket_tags delete_bucket_public_access_block delete_bucket_replication delete_bucket_encryption
    delete_bucket_meta_search delete_bucket_ownership_controls delete_cors delete_lifecycle delete_obj_tags delete_role
    delete_role_policy delete_user_policy delete_oidc_provider untag_role pubsub_topic_delete pubsub_notification_delete
    pubsub_notification_delete_s3`,
}

const BY_CATEGORY = new Map<string, RequestClass>(
  (Object.keys(NAMES) as (keyof typeof NAMES)[]).flatMap((name) =>
    NAMES[name].split(/\s+/).map((category) => [category, name] as const),
  ),
)

/** What nobody has classified yet is counted as `other`, never left out. */
export const classOf = (category: string): RequestClass => BY_CATEGORY.get(category) ?? 'other'
