-- What did dentists in London get, month by month?
select date_trunc('month', recorded_at) as month, count(*) as points, sum(metric_value) as views
from analytics_data_points
where platform = 'business_directory' and metric_name = 'listing_views'
  and dimensions->>'location' = 'London' and dimensions->>'category' = 'dentists'
group by 1
order by 1
