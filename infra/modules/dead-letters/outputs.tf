output "dead_letters" {
  description = "Queue and bucket: what the module function takes."
  value = {
    queue_url  = aws_sqs_queue.this.url
    queue_arn  = aws_sqs_queue.this.arn
    bucket     = aws_s3_bucket.this.bucket
    bucket_arn = aws_s3_bucket.this.arn
  }
}

output "queue_name" {
  description = "The queue's name, the dimension of its metrics."
  value       = aws_sqs_queue.this.name
}
